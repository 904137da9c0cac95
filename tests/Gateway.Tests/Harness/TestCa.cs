using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Tests.Harness;

/// <summary>A root and an issuing CA in memory, as a silo has them.</summary>
internal sealed class TestCa
{
    private static readonly RandomSerialSource Serials = new();

    private TestCa(IssuerSnapshot snapshot) => Snapshot = snapshot;

    public IssuerSnapshot Snapshot { get; }

    public static TestCa Create(
        string trustDomain = "mesh.test", long bundleNumber = 7, DateTimeOffset? now = null, TimeSpan? issuingCaLife = null, params JwtAuthority[] jwtAuthorities)
    {
        var domain = TrustDomain.Parse(trustDomain);
        var at = now ?? DateTimeOffset.UtcNow;
        var rootKey = IssuerKey.Create();
        var rootProfile = CaCertificateProfile.Root(
            domain, rootKey.SubjectPublicKeyInfo, Serials.Next(), new Validity(Validity.WholeSeconds(at.AddHours(-1)), Validity.WholeSeconds(at.AddYears(1))));
        var rootDer = Sign(rootProfile, rootKey);
        var caKey = IssuerKey.Create();
        var caProfile = CaCertificateProfile.IssuingCa(
            domain, caKey.SubjectPublicKeyInfo, ParsedCertificate.Read(rootDer), Serials.Next(),
            new Validity(Validity.WholeSeconds(at.AddHours(-1)), Validity.WholeSeconds(at + (issuingCaLife ?? TimeSpan.FromHours(72)))));
        var caDer = Sign(caProfile, rootKey);
        var bundle = new SpiffeBundle(domain).WithX509Authorities([rootDer]).WithJwtAuthorities(jwtAuthorities).WithSequence((ulong)bundleNumber).WithRefreshHint(TimeSpan.FromMinutes(5));
        return new TestCa(new IssuerSnapshot
        {
            TrustDomain = domain,
            Issuer = Issuer.Create(caKey, caDer),
            AuthorityId = caProfile.AuthorityId,
            RootAuthorityId = rootProfile.AuthorityId,
            IssuingCaDer = caDer,
            ChainPem = PemWriter.EncodeCertificate(caDer),
            Bundle = bundle,
            BundlePem = bundle.ToPem(),
            BundleNumber = bundleNumber,
            IssuerBundleNumber = bundleNumber,
            NotBefore = caProfile.NotBefore,
            NotAfter = caProfile.NotAfter,
        });
    }

    public byte[] Leaf(string path, ReadOnlyMemory<byte> spki, DateTimeOffset now, TimeSpan life, GatewayCertificateRequest? names = null)
        => X509SvidWriter.Issue(Snapshot.Issuer, new X509SvidRequest
        {
            Id = SpiffeId.FromPath(Snapshot.TrustDomain, path),
            SubjectPublicKeyInfo = spki,
            Serial = Serials.Next(),
            NotBefore = now.AddMinutes(-2),
            NotAfter = now + life < Snapshot.NotAfter ? now + life : Snapshot.NotAfter,
            DnsNames = names?.DnsNames ?? [],
            IpAddresses = names?.IpAddresses ?? [],
        });

    /// <summary>A client's certificate with its key and what it sends along.</summary>
    public (X509Certificate2 Certificate, X509Certificate2Collection Chain) Client(string path, TimeSpan? life = null, DateTimeOffset? now = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = X509CertificateLoader.LoadCertificate(
            Leaf(path, key.ExportSubjectPublicKeyInfo(), now ?? DateTimeOffset.UtcNow, life ?? TimeSpan.FromHours(1)));
        return (leaf.CopyWithPrivateKey(key), [X509CertificateLoader.LoadCertificate(Snapshot.IssuingCaDer)]);
    }

    public static byte[] Csr()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return CertificateSigningRequestWriter.Write(key);
    }

    private static byte[] Sign(CaCertificateProfile profile, IssuerKey signer)
    {
        var tbs = CaCertificateWriter.BuildTbs(profile);
        var signature = new byte[IssuerKey.MaxSignatureBytes];
        var length = signer.SignDigest(CaCertificateWriter.Digest(tbs, profile.SignatureAlgorithm), signature);
        return CaCertificateWriter.Assemble(tbs, profile.SignatureAlgorithm, signature.AsSpan(0, length));
    }
}
