using MeshGrains.Grains;

namespace MeshGrains.Gateway.Health;

/// <summary>Whether this silo issues: it has a CA, and its denial set is confirmed.</summary>
internal sealed class IssuanceReadiness(IIssuanceService issuance) : IReadinessCheck
{
    public string Name => "issuance";

    public string? NotReadyReason => issuance.NotReadyReason;
}
