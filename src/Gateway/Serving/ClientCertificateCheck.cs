using System.Security.Cryptography.X509Certificates;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Serving;

/// <summary>
/// Judges a client's certificate once, at the handshake, by our own validator and the newest bundle. A client that shows a
/// certificate that does not hold is turned away: taking it for a client without one would hide its trouble.
/// </summary>
internal sealed class ClientCertificateCheck
{
    private readonly IIssuanceService _issuance;
    private readonly TimeProvider _time;
    private readonly X509SvidValidationOptions _tolerance;

    // Kept while there is no issuing CA, as after a taint: the roots stay true without it, and operators are needed just then.
    private volatile SpiffeBundle? _last;

    public ClientCertificateCheck(IIssuanceService issuance, IGatewayCertificateIssuer issuer, IOptions<SvidOptions> svids, TimeProvider time)
    {
        (_issuance, _time) = (issuance, time);
        _tolerance = new X509SvidValidationOptions { ClockSkew = svids.Value.ClockSkew };
        issuer.IssuerChanged += () => _ = Bundle();
        _ = Bundle();
    }

    public (ParsedClientChain? Client, string? Error) Validate(X509Certificate leaf, X509Chain? chain)
    {
        var extra = chain?.ChainPolicy.ExtraStore;
        var intermediates = new List<ReadOnlyMemory<byte>>(extra?.Count ?? 0);
        foreach (var certificate in extra ?? [])
        {
            intermediates.Add(certificate.RawDataMemory);
        }

        return Validate(leaf.GetRawCertData(), intermediates);
    }

    public (ParsedClientChain? Client, string? Error) Validate(ReadOnlyMemory<byte> leaf, IReadOnlyList<ReadOnlyMemory<byte>> intermediates)
    {
        if (Bundle() is not { } bundle)
        {
            return (null, "there is no trust bundle to check it against yet");
        }

        var validation = X509SvidValidator.Validate(leaf, intermediates, bundle, _time.GetUtcNow(), _tolerance);
        if (!validation.IsValid)
        {
            return (null, $"{validation.Refusal}: {validation.Error}");
        }

        // The chain holds no longer than its shortest part. With the skew once here, whatever asks later agrees with the handshake.
        var until = validation.Path.Min(certificate => certificate.NotAfter) + _tolerance.ClockSkew;
        var client = new ParsedClientChain(validation.Id.ToString(), validation.Path[0].SerialHex, until)
        {
            IssuerAuthorityId = validation.Path[1].AuthorityId,
            Hint = new CertificateHint(validation.Path[1].AuthorityId, validation.Path[0].NotBefore),
        };
        return (client, null);
    }

    private SpiffeBundle? Bundle()
    {
        if (_issuance.Current is { } current)
        {
            _last = current.Bundle;
        }

        return _last;
    }
}
