using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Serving;

/// <summary>The bundle of the silo's own issuance.</summary>
internal sealed class IssuanceTrust : IClientTrust
{
    private readonly IIssuanceService _issuance;

    // Kept while there is no issuing CA, as after a taint: the roots stay true without it, and operators are needed just then.
    private volatile SpiffeBundle? _last;

    public IssuanceTrust(IIssuanceService issuance, IGatewayCertificateIssuer issuer)
    {
        _issuance = issuance;
        issuer.IssuerChanged += () => _ = Bundle;
        _ = Bundle;
    }

    public SpiffeBundle? Bundle
    {
        get
        {
            if (_issuance.Current is { } current)
            {
                _last = current.Bundle;
            }

            return _last;
        }
    }
}
