using MeshGrains.Agent.Domains;

namespace MeshGrains.Agent.WorkloadApi;

/// <summary>The Workload API has no acknowledgement: a client counts as holding a bundle some time after it was written to its stream.</summary>
internal sealed class Settling : IDisposable
{
    private readonly NodeConsumer _consumer;
    private readonly TimeSpan _settle;
    private readonly ITimer _timer;
    private NodeSnapshot? _written;

    public Settling(NodeConsumer consumer, TimeSpan settle, TimeProvider time)
    {
        (_consumer, _settle) = (consumer, settle);
        _timer = time.CreateTimer(static state => ((Settling)state!).Settled(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The client was told what this snapshot says.</summary>
    public void Written(NodeSnapshot snapshot)
    {
        if (Interlocked.Exchange(ref _written, snapshot)?.HasBundlesOf(snapshot) != true)
        {
            _timer.Change(_settle, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Settled() => _consumer.Confirm(Volatile.Read(ref _written)!);
}
