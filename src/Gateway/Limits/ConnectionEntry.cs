namespace MeshGrains.Gateway;

/// <summary>The connections of one address.</summary>
internal sealed class ConnectionEntry : TableEntry<ulong, ConnectionEntry>
{
    public TokenBucket Handshakes;
    public int Open;

    public override bool InUse => Volatile.Read(ref Open) > 0;
}
