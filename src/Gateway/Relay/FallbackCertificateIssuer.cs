using MeshGrains.Grains;

namespace MeshGrains.Gateway.Relay;

/// <summary>A silo's own serving certificate: from its issuing CA, and while it has none (as a silo without the role issuer) from a silo that has one.</summary>
internal sealed class FallbackCertificateIssuer : IGatewayCertificateIssuer
{
    private readonly IGatewayCertificateIssuer _here;
    private readonly RelayedCertificateIssuer _elsewhere;
    private readonly OwnIssuer _own;

    public FallbackCertificateIssuer(IGatewayCertificateIssuer here, RelayedCertificateIssuer elsewhere, OwnIssuer own)
    {
        (_here, _elsewhere, _own) = (here, elsewhere, own);
        here.IssuerChanged += () => IssuerChanged?.Invoke();
        elsewhere.IssuerChanged += () => IssuerChanged?.Invoke();
    }

    public event Action? IssuerChanged;

    public ValueTask<GatewayCertificate> IssueAsync(GatewayCertificateRequest request, CancellationToken cancellationToken) =>
        _own.IsThere ? _here.IssueAsync(request, cancellationToken) : _elsewhere.IssueAsync(request, cancellationToken);
}
