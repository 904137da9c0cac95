using MeshGrains.Grains;

namespace MeshGrains.Gateway.Health;

/// <summary>Whether the issuance log takes records.</summary>
internal sealed class LogReadiness(IIssuanceLog log) : IReadinessCheck
{
    public string Name => "issuance-log";

    public string? NotReadyReason => log.IsAvailable ? null : "The issuance log does not take records; look at its store's disk and at the log of this process.";
}
