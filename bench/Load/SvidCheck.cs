using MeshGrains.Identity;
using MeshGrains.Rpc.Istio;

namespace MeshGrains.Bench;

/// <summary>Validates sampled replies in full: the chain up to the trust bundle, and the key that was asked for.</summary>
internal sealed class SvidCheck(string trustDomain, string bundlePem)
{
    private static readonly X509SvidValidationOptions Options = new() { ClockSkew = TimeSpan.FromSeconds(5) };

    private readonly SpiffeBundle _bundle = Bundle(trustDomain, bundlePem);

    /// <summary>Null when all is well, else what is wrong.</summary>
    public string? Check(byte[] csrDer, ReadOnlySpan<byte> reply)
    {
        var chain = IstioCertificateResponse.Parser.ParseFrom(reply).CertChain;
        if (chain.Count < 2)
        {
            return $"the chain has {chain.Count} elements";
        }

        var certificates = new List<ParsedCertificate>();
        foreach (var pem in chain.SkipLast(1))
        {
            if (!PemBundle.TryRead(pem, out var part, out var error))
            {
                return error;
            }

            certificates.AddRange(part);
        }

        var leaf = certificates[0];
        var validation = X509SvidValidator.Validate(
            leaf.Der, [.. certificates.Skip(1).Select(certificate => certificate.Der)], _bundle, DateTimeOffset.UtcNow, Options);
        if (!validation.IsValid)
        {
            return validation.Error;
        }

        return CertificateSigningRequest.TryRead(csrDer, out var csr, out var csrError)
            ? csr.SubjectPublicKeyInfo.Span.SequenceEqual(leaf.SubjectPublicKeyInfo.Span) ? null : "the certificate is for another key"
            : csrError;
    }

    private static SpiffeBundle Bundle(string trustDomain, string pem)
        => PemBundle.TryRead(pem, out var roots, out var error)
            ? new SpiffeBundle(MeshGrains.Identity.TrustDomain.Parse(trustDomain)).WithX509Authorities(roots.Select(root => root.Der))
            : throw new InvalidOperationException(error);
}
