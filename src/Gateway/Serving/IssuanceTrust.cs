using MeshGrains.Gateway.Relay;
using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Serving;

/// <summary>The bundle of the silo's own issuance; where it has no issuing CA, the one that silos with a CA show.</summary>
internal sealed class IssuanceTrust : IClientTrust
{
    private readonly IIssuanceService _issuance;
    private readonly RelayTrust? _relayed;

    // Kept while there is no issuing CA, as after a taint: the roots stay true without it, and operators are needed just then.
    private volatile SpiffeBundle? _last;

    public IssuanceTrust(IIssuanceService issuance, IGatewayCertificateIssuer issuer, RelayTrust? relayed = null)
    {
        (_issuance, _relayed) = (issuance, relayed);
        issuer.IssuerChanged += OnChanged;
        if (relayed is not null)
        {
            relayed.Changed += OnChanged;
        }

        _ = Bundle;
    }

    public event Action? Changed;

    public SpiffeBundle? Bundle
    {
        get
        {
            if (_issuance.Current is { } current)
            {
                return _last = current.Bundle;
            }

            var (last, relayed) = (_last, _relayed?.Bundle);
            return relayed is not null && (last is null || relayed.Sequence > last.Sequence) ? relayed : last;
        }
    }

    private void OnChanged()
    {
        _ = Bundle;
        Changed?.Invoke();
    }
}
