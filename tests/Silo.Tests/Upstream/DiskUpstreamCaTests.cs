using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

public sealed class DiskUpstreamCaTests : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP384);

    public void Dispose()
    {
        _key.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void The_certificate_of_the_key_comes_first_wherever_it_stands_in_the_file()
    {
        var (root, own) = (Certificate(ECDsa.Create(), true), Certificate(_key, true));
        var ca = Open(Pem(root) + Pem(own), _key.ExportPkcs8PrivateKeyPem());
        Assert.Equal([own, root], ca.Chain().Select(certificate => certificate.Der.ToArray()));
    }

    [Theory]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("RSA")]
    public void It_signs_by_the_kind_of_its_key(string kind)
    {
        using AsymmetricAlgorithm key = kind == "RSA" ? RSA.Create(2048) : ECDsa.Create(ECCurve.CreateFromFriendlyName(kind == "P-256" ? "nistP256" : "nistP384"));
        var own = ParsedCertificate.Read(Certificate(key, true));
        var profile = CaCertificateProfile.CertifiedRoot(
            TrustDomain.Parse("mesh.test"), _key.ExportSubjectPublicKeyInfo(), own, RandomSerialSource.Shared.Next(), new Validity(own.NotBefore, own.NotAfter));
        var pem = key is RSA rsa ? rsa.ExportRSAPrivateKeyPem() : ((ECDsa)key).ExportECPrivateKeyPem();
        var signed = ParsedCertificate.Read(Open(Pem(own.Der.ToArray()), pem).Sign(CaCertificateWriter.BuildTbs(profile)));
        Assert.True(signed.IsSignedBy(own.PublicKey));
    }

    [Theory]
    [InlineData("other key", "belongs to no certificate")]
    [InlineData("no CA", "not one of a CA")]
    [InlineData("no key", "holds no EC")]
    [InlineData("encrypted", "not encrypted")]
    [InlineData("no certificate", "There is no certificate")]
    [InlineData("missing", "cannot be read")]
    [InlineData("huge", "is it the right file")]
    public void Files_that_cannot_serve_are_told_without_what_they_hold(string what, string told)
    {
        var certificate = Pem(Certificate(_key, what != "no CA"));
        var key = what switch
        {
            "other key" => ECDsa.Create(ECCurve.NamedCurves.nistP256).ExportPkcs8PrivateKeyPem(),
            "no key" => certificate,
            "encrypted" => _key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)),
            _ => _key.ExportPkcs8PrivateKeyPem(),
        };
        var ca = Open(what switch { "no certificate" => "nothing", "huge" => new string('x', 300_000), _ => certificate }, key);
        if (what == "missing")
        {
            File.Delete(_folder.File("ca.key"));
        }

        var refused = Assert.Throws<UpstreamException>(ca.Chain);
        Assert.Contains(told, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(UpstreamMode.Disk, "", "", 2)]
    [InlineData(UpstreamMode.Disk, "/nowhere/ca.pem", "/nowhere/ca.key", 2)]
    [InlineData(UpstreamMode.Csr, "/nowhere/ca.pem", "", 1)]
    [InlineData(UpstreamMode.None, "", "/nowhere/ca.key", 1)]
    [InlineData(UpstreamMode.Csr, "", "", 0)]
    public void Files_go_with_the_mode(UpstreamMode mode, string certificate, string key, int errors) =>
        Assert.Equal(errors, UpstreamRules.Check(new UpstreamOptions { Mode = mode, CertificateFile = certificate, KeyFile = key }).Count());

    private static string Pem(byte[] der) => PemWriter.EncodeCertificate(der);

    private static byte[] Certificate(AsymmetricAlgorithm key, bool ca)
    {
        var request = key is RSA rsa
            ? new CertificateRequest("CN=corp", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest("CN=corp", (ECDsa)key, HashAlgorithmName.SHA256);
        if (ca)
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        }

        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var made = request.CreateSelfSigned(new DateTimeOffset(2029, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2039, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return made.RawData;
    }

    private DiskUpstreamCa Open(string certificates, string key) => new(_folder.Write("ca.pem", certificates), _folder.Write("ca.key", key));
}
