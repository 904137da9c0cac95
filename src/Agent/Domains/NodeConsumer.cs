using MeshGrains.Agent.Svids;

namespace MeshGrains.Agent.Domains;

/// <summary>
/// One stream as a consumer of bundles: of each trust domain whose bundle it is given, from then on. One that was never given a trust domain's bundle holds up nothing
/// there.
/// </summary>
internal sealed class NodeConsumer(NodeState state) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly BundleConsumers.Consumer?[] _consumers = new BundleConsumers.Consumer?[state.Domains.Length];
    private bool _gone;

    /// <summary>Before it is told: what it is about to be given.</summary>
    public void Give(NodeSnapshot snapshot, WorkloadView view)
    {
        lock (_gate)
        {
            for (var i = 0; i < _consumers.Length && !_gone; i++)
            {
                var domain = snapshot.Domains[i];
                if (_consumers[i] is null && view.Bundles.Any(bundle => bundle.TrustDomain == domain.TrustDomain))
                {
                    _consumers[i] = state.Domains[i].Consumers.Join(domain.BundleNumber);
                }
            }
        }
    }

    /// <summary>It holds what this snapshot says.</summary>
    public void Confirm(NodeSnapshot held)
    {
        for (var i = 0; i < _consumers.Length; i++)
        {
            Volatile.Read(ref _consumers[i])?.Confirm(held.Domains[i].BundleNumber);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _gone = true;
            foreach (var consumer in _consumers)
            {
                consumer?.Dispose();
            }
        }
    }
}
