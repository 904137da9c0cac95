namespace MeshGrains.Agent.Svids;

/// <summary>
/// Who was given the trust bundle, and which number each is known to hold: an SDS client by its ACK, a Workload API client some time after the write, an
/// output when its files are in place and its command succeeded. The lowest is what the agent acknowledges to the control plane.
/// </summary>
internal sealed class BundleConsumers
{
    private readonly Lock _gate = new();
    private readonly HashSet<Consumer> _consumers = [];

    /// <summary>Raised when the lowest number may have changed.</summary>
    public event Action? Changed;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _consumers.Count;
            }
        }
    }

    /// <summary>A new consumer: it holds nothing older than what it is about to be given, <paramref name="number"/>.</summary>
    public Consumer Join(long number)
    {
        var consumer = new Consumer(this, number);
        lock (_gate)
        {
            _consumers.Add(consumer);
        }

        return consumer;
    }

    /// <summary>The lowest number that a consumer holds; <paramref name="held"/>, the agent's own, when there is none.</summary>
    public long Lowest(long held)
    {
        lock (_gate)
        {
            return _consumers.Count == 0 ? held : Math.Min(held, _consumers.Min(consumer => consumer.Confirmed));
        }
    }

    internal sealed class Consumer(BundleConsumers owner, long number) : IDisposable
    {
        public long Confirmed { get; private set; } = number;

        /// <summary>It holds this number now; a lower one than before is passed over.</summary>
        public void Confirm(long newest)
        {
            lock (owner._gate)
            {
                if (newest <= Confirmed)
                {
                    return;
                }

                Confirmed = newest;
            }

            owner.Changed?.Invoke();
        }

        public void Dispose()
        {
            lock (owner._gate)
            {
                owner._consumers.Remove(this);
            }

            owner.Changed?.Invoke();
        }
    }
}
