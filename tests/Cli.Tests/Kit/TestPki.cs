using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;

namespace MeshGrains.Cli.Tests;

/// <summary>A trust domain's root, its issuing CA, and SVIDs from it.</summary>
internal sealed class TestPki
{
    private readonly DateTimeOffset _now;
    private readonly Issuer _issuer;

    public TestPki(DateTimeOffset now, string trustDomain = "mesh.test")
    {
        _now = now;
        TrustDomain = TrustDomain.Parse(trustDomain);
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var validity = new Validity(now.AddMinutes(-5), now.AddDays(3));
        Root = ParsedCertificate.Read(Sign(rootKey, CaCertificateProfile.Root(
            TrustDomain, rootKey.ExportSubjectPublicKeyInfo(), RandomSerialSource.Shared.Next(), validity)));
        var issuerKey = IssuerKey.Create();
        _issuer = Issuer.Create(issuerKey, Sign(rootKey, CaCertificateProfile.IssuingCa(
            TrustDomain, issuerKey.SubjectPublicKeyInfo, Root, RandomSerialSource.Shared.Next(), validity)));
        Bundle = new SpiffeBundle(TrustDomain).WithX509Authorities([Root.Der]).WithSequence(1);
    }

    public TrustDomain TrustDomain { get; }

    public ParsedCertificate Root { get; }

    public SpiffeBundle Bundle { get; }

    /// <summary>The issuing CA's certificate.</summary>
    public string ChainPem => PemWriter.EncodeCertificate(_issuer.Certificate.Der.Span);

    public SpiffeId Id(string path) => SpiffeId.FromPath(TrustDomain, path);

    public byte[] Issue(SpiffeId id, ReadOnlyMemory<byte> publicKey, TimeSpan? ttl = null) => X509SvidWriter.Issue(_issuer, new X509SvidRequest
    {
        Id = id,
        SubjectPublicKeyInfo = publicKey,
        Serial = RandomSerialSource.Shared.Next(),
        NotBefore = _now.AddMinutes(-1),
        NotAfter = _now + (ttl ?? TimeSpan.FromHours(1)),
    });

    /// <summary>Writes svid.pem, svid.key and bundle.pem.</summary>
    public SvidDirectory WriteSvid(string directory, string path, TimeSpan? ttl = null, string kind = "p256")
    {
        using AsymmetricAlgorithm key = kind switch
        {
            "rsa2048" => RSA.Create(2048), "p384" => ECDsa.Create(ECCurve.NamedCurves.nistP384), _ => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        };
        Directory.CreateDirectory(directory);
        var files = new SvidDirectory(directory);
        File.WriteAllText(files.Certificate, PemWriter.EncodeCertificate(Issue(Id(path), key.ExportSubjectPublicKeyInfo(), ttl)) + ChainPem);
        File.WriteAllText(files.Key, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(files.Bundle, Bundle.ToPem());
        return files;
    }

    public SslStreamCertificateContext ServerContext(string path)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = X509CertificateLoader.LoadCertificate(Issue(Id(path), key.ExportSubjectPublicKeyInfo()));
        return SslStreamCertificateContext.Create(
            leaf.CopyWithPrivateKey(key), [X509CertificateLoader.LoadCertificate(_issuer.Certificate.Der.Span)], offline: true);
    }

    private static byte[] Sign(ECDsa rootKey, CaCertificateProfile profile)
    {
        var tbs = CaCertificateWriter.BuildTbs(profile);
        return CaCertificateWriter.Assemble(
            tbs, profile.SignatureAlgorithm, rootKey.SignData(tbs, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }
}
