using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

/// <summary>Istio's CA API as a foreign client sees it: real tokens, the reply's layout, and the documented code of each refusal.</summary>
public sealed class CreateCertificateTests
{
    [SkippableFact]
    public async Task A_foreign_client_gets_leaf_issuer_and_roots_that_openssl_verifies()
    {
        var openssl = Tool.Require("openssl", "openssl");
        using var folder = new TempDirectory();
        using var tokens = new KubernetesTokens();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"), tokens);
        await using var python = PythonClient.Start(silo);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var (code, details, chain) = await python.AskAsync(
            tokens.Create("shop", "cart"), RunningSilo.Csr(key), seconds: 1800, metadata: ("clusterid", "Kubernetes"));

        Assert.True(code == "OK", details);
        Assert.Equal(3, chain.Count);
        Assert.All(chain, element => Assert.EndsWith("\n", element, StringComparison.Ordinal));
        Assert.Equal(await File.ReadAllTextAsync(silo.BundlePath), chain[2]);
        using var leaf = X509Certificate2.CreateFromPem(chain[0]);
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), leaf.PublicKey.ExportSubjectPublicKeyInfo());
        Assert.InRange((leaf.NotAfter.ToUniversalTime() - DateTime.UtcNow).TotalSeconds, 1600, 1801);

        var verified = Tool.Run(openssl, [
            "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", folder.Write("roots.pem", chain[2]),
            "-untrusted", folder.Write("issuer.pem", chain[1]), folder.Write("leaf.pem", chain[0])]);
        Assert.True(verified.ExitCode == 0, verified.ToString());
        var shown = Tool.Run(openssl, ["x509", "-in", folder.File("leaf.pem"), "-noout", "-ext", "subjectAltName"]);
        Assert.Contains("URI:spiffe://test.mesh/ns/shop/sa/cart", shown.Output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Each_refusal_of_a_token_is_unauthenticated_and_gives_nothing_away()
    {
        using var folder = new TempDirectory();
        using var tokens = new KubernetesTokens();
        using var foreign = new KubernetesTokens();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"), tokens);
        await using var python = PythonClient.Start(silo);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var csr = RunningSilo.Csr(key);

        var refused = new (string Name, string? Token)[]
        {
            ("missing", null),
            ("garbage", "garbage"),
            ("expired", tokens.Create(options: new() { Now = DateTimeOffset.UtcNow.AddHours(-3) })),
            ("wrong audience", tokens.Create(options: new() { Audiences = ["vault"] })),
            ("two audiences", tokens.Create(options: new() { Audiences = ["istio-ca", "vault"] })),
            ("alg none", tokens.Create(options: new() { Algorithm = "none" })),
            ("alg switched to HS256", tokens.Create(options: new() { Algorithm = "HS256" })),
            ("alg switched to ES256", tokens.Create(options: new() { Algorithm = "ES256" })),
            ("unknown kid", tokens.Create(options: new() { KeyId = "nobody" })),
            ("foreign signature under a known kid", foreign.Create(options: new() { KeyId = tokens.KeyId })),
            ("wrong issuer", tokens.Create(options: new() { Issuer = "https://elsewhere" })),
            ("no pod bound in", tokens.Create(options: new() { EditClaims = claims => ((JsonObject)claims["kubernetes.io"]!).Remove("pod") })),
            ("oversized", tokens.Create(options: new() { EditClaims = claims => claims["padding"] = new string('x', 17_000) })),
        };
        foreach (var (name, token) in refused)
        {
            var (code, details, chain) = await python.AskAsync(token, csr);
            Assert.True(code == "UNAUTHENTICATED" && chain.Count == 0, $"{name}: {code} {details}");
            Assert.Contains("request authenticate failure", details, StringComparison.Ordinal);
            Assert.True(token is null || token.Length < 20 || !details.Contains(token, StringComparison.Ordinal), "a token came back");
        }

        var (impersonation, why, _) = await python.AskAsync(tokens.Create(), csr, impersonate: "spiffe://test.mesh/ns/other/sa/victim");
        Assert.Equal("UNAUTHENTICATED", impersonation);
        Assert.Contains("request impersonation authentication failure", why, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Each_refusal_of_a_request_is_an_invalid_argument()
    {
        using var folder = new TempDirectory();
        using var tokens = new KubernetesTokens();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"), tokens);
        await using var python = PythonClient.Start(silo);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var csr = RunningSilo.Csr(key);
        var token = tokens.Create();
        var tooLarge = PemEncoding.WriteString("CERTIFICATE REQUEST", new byte[9000]);

        var refused = new (string Name, string Csr, long? Seconds)[]
        {
            ("garbage", "garbage", null),
            ("wrong proof of possession", WithForeignSignature(csr, RunningSilo.Csr(other)), null),
            ("oversized", tooLarge, null),
            ("weak key", WeakCsr(), null),
            ("TTL above the limit", csr, 8 * 86_400),
        };
        foreach (var (name, request, seconds) in refused)
        {
            var (code, details, chain) = await python.AskAsync(token, request, seconds);
            Assert.True(code == "INVALID_ARGUMENT" && chain.Count == 0, $"{name}: {code} {details}");
        }

        var (fine, text, _) = await python.AskAsync(token, csr, seconds: -5);
        Assert.True(fine == "OK", text);
    }

    [SkippableFact]
    public async Task An_rsa_key_as_the_istio_agent_makes_it_gets_its_certificate()
    {
        using var folder = new TempDirectory();
        using var tokens = new KubernetesTokens("ES256");
        await using var silo = await RunningSilo.StartAsync(folder.File("data"), tokens);
        await using var python = PythonClient.Start(silo);
        using var key = RSA.Create(2048);
        var csr = new CertificateRequest("O=", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequestPem();

        var (code, details, chain) = await python.AskAsync(tokens.Create(), csr);

        Assert.True(code == "OK", details);
        using var leaf = X509Certificate2.CreateFromPem(chain[0]);
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), leaf.PublicKey.ExportSubjectPublicKeyInfo());
    }

    private static string WeakCsr()
    {
        using var weak = RSA.Create(1024);
        return new CertificateRequest("CN=weak", weak, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequestPem();
    }

    /// <summary>The first request's body under the second one's signature.</summary>
    private static string WithForeignSignature(string pem, string foreignPem)
    {
        static AsnReader Read(string text) =>
            new AsnReader(Convert.FromBase64String(text[PemEncoding.Find(text).Base64Data]), AsnEncodingRules.DER).ReadSequence();
        var mine = Read(pem);
        var foreign = Read(foreignPem);
        foreign.ReadEncodedValue();
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(mine.ReadEncodedValue().Span);
            writer.WriteEncodedValue(foreign.ReadEncodedValue().Span);
            writer.WriteEncodedValue(foreign.ReadEncodedValue().Span);
        }

        return PemEncoding.WriteString("CERTIFICATE REQUEST", writer.Encode());
    }
}
