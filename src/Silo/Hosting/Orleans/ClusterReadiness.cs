using MeshGrains.Gateway;
using Orleans.Runtime;

namespace MeshGrains.Silo;

/// <summary>
/// Whether this silo is a member. A membership table that is away is told and no reason to send traffic elsewhere: every silo would say so at
/// once, and members go on without it.
/// </summary>
internal sealed class ClusterReadiness(ISiloStatusOracle silos, ClusterView view) : IReadinessCheck
{
    private static readonly TimeSpan Noteworthy = TimeSpan.FromSeconds(15);

    public string Name => "cluster";

    public string? NotReadyReason => silos.CurrentStatus == SiloStatus.Active ? null : $"This silo is no member of its cluster: {silos.CurrentStatus}.";

    public string? Note => view.Failure is { } failure && view.Silence > Noteworthy
        ? $"The membership table (Redis) has not answered for {view.Silence.TotalSeconds:0} s: members go on, no silo can join. {failure}"
        : null;
}
