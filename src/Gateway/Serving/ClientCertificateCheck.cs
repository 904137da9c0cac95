using System.Security.Cryptography.X509Certificates;
using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Serving;

/// <summary>
/// Judges a client's certificate once, at the handshake, by our own validator and the bundle that is being delivered now. A client that shows a
/// certificate that does not hold is turned away: taking it for a client without one would hide its trouble.
/// </summary>
internal sealed class ClientCertificateCheck(IIssuanceService issuance, TimeProvider time)
{
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
        if (issuance.Current is not { } current)
        {
            return (null, "there is no trust bundle to check it against yet");
        }

        var validation = X509SvidValidator.Validate(leaf, intermediates, current.Bundle, time.GetUtcNow());
        if (!validation.IsValid)
        {
            return (null, $"{validation.Refusal}: {validation.Error}");
        }

        // The chain holds no longer than its shortest part.
        var notAfter = validation.Path.Min(certificate => certificate.NotAfter);
        var client = new ParsedClientChain(validation.Id.ToString(), validation.Path[0].SerialHex, notAfter)
        {
            IssuerAuthorityId = validation.Path[1].AuthorityId,
        };
        return (client, null);
    }
}
