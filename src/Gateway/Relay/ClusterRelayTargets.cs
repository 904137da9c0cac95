using MeshGrains.Grains;

namespace MeshGrains.Gateway.Relay;

/// <summary>The other silos of the cluster that have an issuing CA, as the cluster CA lists them. Asked only while this silo has none.</summary>
internal sealed class ClusterRelayTargets(IGrainFactory grains, MeshScope scope, SiloIdentity identity, TimeProvider time) : IRelayTargets
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var cas = await grains.GetGrain<IClusterCaGrain>(scope.ClusterCaKey).ListAsync().WaitAsync(Patience, time, cancellationToken);
        return
        [
            .. cas
                .Where(ca => ca.State == IssuingCaState.Active && ca.NotAfter > now && ca.RelayEndpoint is { Length: > 0 } && ca.Incarnation != identity.Incarnation)
                .Select(ca => ca.RelayEndpoint!).Distinct(StringComparer.Ordinal),
        ];
    }
}
