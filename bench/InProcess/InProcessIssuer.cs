using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>A root and an issuing CA in memory, and issuance from CSR DER to SVID DER with the product's own reader, verifier and writer.</summary>
internal sealed class InProcessIssuer : IDisposable
{
    private static readonly TimeSpan Ttl = TimeSpan.FromHours(1);
    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(2);

    private readonly IssuerKey _key = IssuerKey.Create();
    private readonly Issuer _issuer;
    private readonly SpiffeId _id;

    public InProcessIssuer()
    {
        var domain = TrustDomain.Parse("bench.example");
        var now = DateTimeOffset.UtcNow;
        using var rootKey = IssuerKey.Create();
        var life = new Validity(now.AddHours(-1), now.AddDays(3));
        var root = Certify(CaCertificateProfile.Root(domain, rootKey.SubjectPublicKeyInfo, RandomSerialSource.Shared.Next(), life), rootKey);
        if (!ParsedCertificate.TryRead(root, out var parsedRoot, out var error))
        {
            throw new InvalidOperationException(error);
        }

        _issuer = Issuer.Create(
            _key, Certify(CaCertificateProfile.IssuingCa(domain, _key.SubjectPublicKeyInfo, parsedRoot, RandomSerialSource.Shared.Next(), life), rootKey));
        _id = SpiffeId.Parse("spiffe://bench.example/ns/bench/sa/client");
    }

    /// <summary>The certificate for a request whose proof of possession holds.</summary>
    /// <exception cref="InvalidOperationException">The request is malformed or not proven.</exception>
    public byte[] Issue(ReadOnlyMemory<byte> csrDer)
    {
        if (!CertificateSigningRequest.TryRead(csrDer, out var csr, out var error))
        {
            throw new InvalidOperationException(error);
        }

        if (!csr.VerifyProofOfPossession())
        {
            throw new InvalidOperationException("A request of our own is not proven.");
        }

        var validity = Validity.ForLeaf(DateTimeOffset.UtcNow, Ttl, _issuer.NotAfter, Backdate);
        return X509SvidWriter.Issue(_issuer, new X509SvidRequest
        {
            Id = _id,
            SubjectPublicKeyInfo = csr.SubjectPublicKeyInfo,
            Serial = RandomSerialSource.Shared.Next(),
            NotBefore = validity.NotBefore,
            NotAfter = validity.NotAfter,
        });
    }

    public void Dispose() => _key.Dispose();

    private static byte[] Certify(CaCertificateProfile profile, IssuerKey rootKey)
    {
        var tbs = CaCertificateWriter.BuildTbs(profile);
        var signature = new byte[IssuerKey.MaxSignatureBytes];
        var length = rootKey.SignDigest(CaCertificateWriter.Digest(tbs, profile.SignatureAlgorithm), signature);
        return CaCertificateWriter.Assemble(tbs, profile.SignatureAlgorithm, signature.AsSpan(0, length));
    }
}
