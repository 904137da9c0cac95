namespace MeshGrains.Gateway;

/// <summary>
/// One open connection as the limits count it, on the connection as a feature. At first it counts against its address; once its client has shown a valid
/// SVID it counts in all alone, and gives the handshake back: any number of nodes may stand behind one address.
/// </summary>
internal sealed class ConnectionLease(ConnectionLimiter owner, ulong key, ConnectionEntry address) : IDisposable
{
    private int _known;
    private int _closed;

    /// <summary>Its client has shown an SVID that is valid.</summary>
    public void Known()
    {
        if (Interlocked.Exchange(ref _known, 1) == 0)
        {
            owner.BecameKnown(key, address);
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            // A connection that is being closed becomes known no more.
            owner.Closed(address, wasKnown: Interlocked.Exchange(ref _known, 1) == 1);
        }
    }
}
