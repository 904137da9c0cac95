using MeshGrains.Grains;

namespace MeshGrains.Gateway.Relay;

/// <summary>Whether this process has an issuing CA of its own, in its time. A gateway that runs alone never has.</summary>
internal sealed class OwnIssuer(TimeProvider time, IIssuanceService? issuance = null)
{
    public bool IsThere => issuance?.Current is { } issuer && issuer.NotAfter > time.GetUtcNow();
}
