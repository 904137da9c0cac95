using System.Security.Cryptography;
using MeshGrains.Testing;

namespace MeshGrains.Identity.Tests;

public sealed class RootRequestWriterTests
{
    private static readonly TrustDomain Domain = TrustDomain.Parse("example.org");

    [SkippableFact]
    public void OpenSSL_reads_it_finds_its_signature_good_and_certifies_what_it_asks_for()
    {
        var openssl = Tool.Require("openssl", "openssl");
        using var folder = new TempDirectory();
        var request = folder.Write("root.csr", PemWriter.Encode("CERTIFICATE REQUEST", Request(Keys.P256)));
        var text = Tool.Run(openssl, ["req", "-in", request, "-verify", "-noout", "-text"]).EnsureSuccess().Output;
        foreach (var words in new[] { "O = example.org", "CN = MeshGrains root ", "CA:TRUE, pathlen:1", "Certificate Sign, CRL Sign", "URI:spiffe://example.org", "X509v3 Subject Key Identifier" })
        {
            Assert.Contains(words, text, StringComparison.Ordinal);
        }

        Tool.Run(openssl, ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder.File("ca.key"), "-out", folder.File("ca.pem"), "-subj", "/CN=corporate", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-days", "10"]).EnsureSuccess();
        Tool.Run(openssl, ["x509", "-req", "-in", request, "-CA", folder.File("ca.pem"), "-CAkey", folder.File("ca.key"), "-copy_extensions", "copyall", "-days", "5", "-out", folder.File("own.pem")]).EnsureSuccess();
        Assert.True(PemBundle.TryRead(File.ReadAllText(folder.File("own.pem")) + File.ReadAllText(folder.File("ca.pem")), out var given, out var error), error);
        Assert.True(UpstreamChain.TryCheck(given, Domain, Keys.P256.ExportSubjectPublicKeyInfo(), DateTimeOffset.UtcNow, out var chain, out error), error);
        Assert.Equal(["spiffe://example.org"], chain.Own.UriNames);
    }

    [Theory]
    [InlineData(KeyKind.P256)]
    [InlineData(KeyKind.P384)]
    [InlineData(KeyKind.Rsa)]
    public void Its_signature_is_that_of_the_key_in_it(KeyKind kind)
    {
        Assert.True(CertificateSigningRequest.TryRead(Request(Keys.Of(kind)), out var read, out var error), error);
        Assert.True(read.VerifyProofOfPossession());
        Assert.Equal(Keys.Of(kind).ExportSubjectPublicKeyInfo(), read.SubjectPublicKeyInfo.ToArray());
    }

    private static byte[] Request(AsymmetricAlgorithm key)
    {
        var spki = key.ExportSubjectPublicKeyInfo();
        Assert.True(PublicKeyInfo.TryRead(spki, out var info, out _));
        var algorithm = SignatureAlgorithms.ForIssuer(info.Kind);
        var signed = RootRequestWriter.BuildInfo(Domain, spki);
        Assert.Equal(signed, RootRequestWriter.BuildInfo(Domain, spki));
        return RootRequestWriter.Assemble(signed, algorithm, key switch
        {
            ECDsa ecdsa => ecdsa.SignData(signed, algorithm.HashName(), DSASignatureFormat.Rfc3279DerSequence),
            _ => ((RSA)key).SignData(signed, algorithm.HashName(), RSASignaturePadding.Pkcs1),
        });
    }
}
