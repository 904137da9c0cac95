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
    private readonly IClientTrust _trust;
    private readonly TimeProvider _time;
    private readonly X509SvidValidationOptions _tolerance;

    public ClientCertificateCheck(IClientTrust trust, IOptions<SvidOptions> svids, TimeProvider time)
    {
        (_trust, _time) = (trust, time);
        _tolerance = new X509SvidValidationOptions { ClockSkew = svids.Value.ClockSkew };
    }

    /// <summary>Whether a certificate that does not hold here holds nowhere.</summary>
    public bool IsLastWord => _trust.IsLastWord;

    public (ParsedClientChain? Client, string? Error) Validate(ReadOnlyMemory<byte> leaf, IReadOnlyList<ReadOnlyMemory<byte>> intermediates)
    {
        if (_trust.Bundle is not { } bundle)
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
}
