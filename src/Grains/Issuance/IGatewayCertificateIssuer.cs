namespace MeshGrains.Grains;

/// <summary>
/// Issues a gateway's own serving certificate, <c>spiffe://{trustDomain}/meshgrains/gateway</c> (with <c>/{name}</c> for one that runs apart), straight from the silo's issuing CA: no caller,
/// no registration, but recorded like any other before it is returned.
/// </summary>
public interface IGatewayCertificateIssuer
{
    /// <summary>Raised after this silo began to issue from another CA; a tainted one must not go on serving.</summary>
    event Action? IssuerChanged;

    /// <exception cref="GrainOperationException">There is no issuing CA yet (<see cref="RefusalCode.Unavailable"/>), or the request was refused.</exception>
    /// <exception cref="IssuanceLogUnavailableException">The record could not be made.</exception>
    ValueTask<GatewayCertificate> IssueAsync(GatewayCertificateRequest request, CancellationToken cancellationToken);
}
