using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Cli.Tests;

public sealed class TrustBundleFileTests : IDisposable
{
    private static readonly DateTimeOffset Now = new FakeTimeProvider().GetUtcNow();

    private readonly TempDirectory _directory = new();
    private readonly TestPki _pki = new(Now);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Both_forms_say_whose_roots_they_hold()
    {
        var pem = TrustBundleFile.Load(_directory.Write("bundle.pem", _pki.Bundle.ToPem()));
        var jwks = TrustBundleFile.Load(_directory.Write("bundle.json", _pki.Bundle.WriteJwks()));

        Assert.Equal(_pki.TrustDomain, pem.TrustDomain);
        Assert.True(pem.HasSameAuthorities(_pki.Bundle));
        Assert.True(jwks.HasSameAuthorities(_pki.Bundle));
        Assert.Equal(1ul, jwks.Sequence);
    }

    [Fact]
    public void Roots_of_two_trust_domains_in_one_file_are_refused()
    {
        var other = new TestPki(Now, "other.test");

        var failure = Assert.Throws<CliException>(() => TrustBundleFile.Load(_directory.Write("bundle.pem", _pki.Bundle.ToPem() + other.Bundle.ToPem())));

        Assert.Contains("mixes roots of mesh.test and other.test", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "no certificate")]
    [InlineData("{\"keys\": 1}", "keys")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n", "not a CERTIFICATE")]
    public void What_is_no_bundle_is_told(string text, string expected)
    {
        var path = _directory.Write("bundle", text);

        var failure = Assert.Throws<CliException>(() => TrustBundleFile.Load(path));

        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Roots_without_a_name_need_to_be_told_whose_they_are()
    {
        var path = _directory.Write("bundle.pem", PemWriter.EncodeCertificate(Nameless()));

        Assert.Contains("--trust-domain", Assert.Throws<CliException>(() => TrustBundleFile.Load(path)).Message, StringComparison.Ordinal);
        Assert.Equal("told.test", TrustBundleFile.Load(path, TrustDomain.Parse("told.test")).TrustDomain.Name);
    }

    [Fact]
    public void A_missing_file_is_named()
        => Assert.Contains("nowhere (the trust bundle) does not exist", Assert.Throws<CliException>(() => TrustBundleFile.Load("nowhere")).Message, StringComparison.Ordinal);

    private static byte[] Nameless()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=root", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(Now, Now.AddDays(1));
        return certificate.RawData;
    }
}
