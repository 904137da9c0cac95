namespace MeshGrains.Rpc.Server;

/// <summary>So many streams of a kind at once, over all connections: a stream that anyone may open and leave open needs a bound.</summary>
internal sealed class StreamPlaces(int most)
{
    private int _taken;

    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: no place is left.</exception>
    public IDisposable Take()
    {
        if (Interlocked.Increment(ref _taken) > most)
        {
            Interlocked.Decrement(ref _taken);
            throw new RpcException(RpcStatusCode.ResourceExhausted, "As many such streams are open already as may be; try again later.");
        }

        return new Place(this);
    }

    private sealed class Place(StreamPlaces owner) : IDisposable
    {
        private StreamPlaces? _owner = owner;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _owner, null) is { } places)
            {
                Interlocked.Decrement(ref places._taken);
            }
        }
    }
}
