using System.Security.Cryptography;

namespace MeshGrains.Identity.Tests;

/// <summary>A trust domain's hierarchy made with the writers under test, at a fixed instant unless told another.</summary>
internal sealed class Pki
{
    public static readonly DateTimeOffset Now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly DateTimeOffset _now;

    public Pki(AsymmetricAlgorithm? rootKey = null, bool uriNameConstraint = false, string trustDomain = "example.org", DateTimeOffset? now = null)
    {
        _now = now ?? Now;
        TrustDomain = TrustDomain.Parse(trustDomain);
        RootKey = rootKey ?? Keys.P256;
        var rootProfile = CaCertificateProfile.Root(
            TrustDomain, RootKey.ExportSubjectPublicKeyInfo(), Serials.Next(), new Validity(_now.AddMinutes(-5), _now.AddYears(10)), uriNameConstraint);
        Root = ParsedCertificate.Read(SignWithRoot(rootProfile));
        IssuerKey = IssuerKey.Create();
        var issuingProfile = CaCertificateProfile.IssuingCa(
            TrustDomain, IssuerKey.SubjectPublicKeyInfo, Root, Serials.Next(), new Validity(_now.AddMinutes(-5), _now.AddHours(72)), uriNameConstraint);
        Issuer = Issuer.Create(IssuerKey, SignWithRoot(issuingProfile));
        Bundle = new SpiffeBundle(TrustDomain).WithX509Authorities([Root.Der]);
    }

    public static ISerialSource Serials => RandomSerialSource.Shared;

    public TrustDomain TrustDomain { get; }

    public AsymmetricAlgorithm RootKey { get; }

    public ParsedCertificate Root { get; }

    public IssuerKey IssuerKey { get; }

    public Issuer Issuer { get; }

    public SpiffeBundle Bundle { get; }

    public byte[] IssueLeaf(ReadOnlyMemory<byte>? publicKey = null, string path = "/ns/default/sa/web", string[]? dnsNames = null)
        => X509SvidWriter.Issue(Issuer, Request(publicKey, path, dnsNames));

    public X509SvidRequest Request(ReadOnlyMemory<byte>? publicKey = null, string path = "/ns/default/sa/web", string[]? dnsNames = null) => new()
    {
        Id = SpiffeId.FromPath(TrustDomain, path),
        SubjectPublicKeyInfo = publicKey ?? Keys.P256.ExportSubjectPublicKeyInfo(),
        Serial = Serials.Next(),
        NotBefore = _now.AddMinutes(-1),
        NotAfter = _now.AddHours(1),
        DnsNames = dnsNames ?? [],
    };

    public X509SvidValidation Validate(ReadOnlyMemory<byte> leaf, params ReadOnlyMemory<byte>[] intermediates)
        => X509SvidValidator.Validate(leaf, intermediates, Bundle, _now);

    public byte[] SignWithRoot(CaCertificateProfile profile)
    {
        var tbs = CaCertificateWriter.BuildTbs(profile);
        var digest = CaCertificateWriter.Digest(tbs, profile.SignatureAlgorithm);
        var signature = RootKey switch
        {
            // A KMS gives r||s, as SignHash does by default.
            ECDsa ecdsa => EcdsaSignature.ToDer(ecdsa.SignHash(digest)),
            RSA rsa => rsa.SignHash(digest, profile.SignatureAlgorithm.HashName(), RSASignaturePadding.Pkcs1),
            _ => throw new NotSupportedException(),
        };
        return CaCertificateWriter.Assemble(tbs, profile.SignatureAlgorithm, signature);
    }
}
