using MeshGrains.Agent.Svids;

namespace MeshGrains.Agent.WorkloadApi;

/// <summary>The Workload API has no acknowledgement: a client counts as holding a bundle some time after it was written to its stream.</summary>
internal sealed class Settling : IDisposable
{
    private readonly BundleConsumers.Consumer _consumer;
    private readonly TimeSpan _settle;
    private readonly ITimer _timer;
    private long _written;

    public Settling(BundleConsumers.Consumer consumer, TimeSpan settle, TimeProvider time)
    {
        (_consumer, _settle) = (consumer, settle);
        _timer = time.CreateTimer(static state => ((Settling)state!).Settled(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Written(long number)
    {
        if (Interlocked.Exchange(ref _written, number) != number)
        {
            _timer.Change(_settle, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Settled() => _consumer.Confirm(Interlocked.Read(ref _written));
}
