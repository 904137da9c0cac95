using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Gateway.Tests.OpenId;

public sealed class OpenIdTests
{
    [Fact]
    public async Task Without_an_issuer_there_is_no_discovery_and_no_key_set()
    {
        await using var host = await GatewayHost.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client().GetAsync("/.well-known/openid-configuration")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client().GetAsync("/keys")).StatusCode);
    }

    [SkippableFact]
    public async Task A_relying_party_finds_the_keys_by_the_issuer_alone_and_openssl_verifies_a_token_with_them()
    {
        var openssl = Tool.Require("openssl", "openssl");
        await using var host = await StartAsync("https://id.example.org", JwtAlgorithm.RS256);
        var client = host.Client();
        var discovered = await client.GetAsync("/.well-known/openid-configuration");
        Assert.Equal("application/json", discovered.Content.Headers.ContentType!.ToString());
        Assert.Equal("public, max-age=300", discovered.Headers.CacheControl!.ToString());
        using var document = JsonDocument.Parse(await discovered.Content.ReadAsStringAsync());
        Assert.Equal("https://id.example.org", document.RootElement.GetProperty("issuer").GetString());
        Assert.Equal("RS256", document.RootElement.GetProperty("id_token_signing_alg_values_supported")[0].GetString());
        Assert.Equal("https://id.example.org/keys", document.RootElement.GetProperty("jwks_uri").GetString());

        var answered = await client.GetAsync(new Uri(document.RootElement.GetProperty("jwks_uri").GetString()!).AbsolutePath);
        Assert.Equal("application/jwk-set+json", answered.Content.Headers.ContentType!.ToString());
        using var keys = JsonDocument.Parse(await answered.Content.ReadAsStringAsync());
        var key = Assert.Single(keys.RootElement.GetProperty("keys").EnumerateArray());
        Assert.Equal(("RSA", "sig", "RS256"), (key.GetProperty("kty").GetString(), key.GetProperty("use").GetString(), key.GetProperty("alg").GetString()));

        var token = await TokenAsync(host);
        using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[0]));
        Assert.Equal(key.GetProperty("kid").GetString(), header.RootElement.GetProperty("kid").GetString());
        using var directory = new TempDirectory();
        var rsa = PublicKeyWriter.Rsa(Base64Url.DecodeFromChars(key.GetProperty("n").GetString()), Base64Url.DecodeFromChars(key.GetProperty("e").GetString()));
        directory.Write("key.pem", PemEncoding.WriteString("PUBLIC KEY", rsa));
        var dot = token.LastIndexOf('.');
        directory.Write("signature", Base64Url.DecodeFromChars(token.AsSpan(dot + 1)));
        var verified = Tool.Run(
            openssl, ["dgst", "-sha256", "-verify", "key.pem", "-signature", "signature"], Encoding.ASCII.GetBytes(token[..dot]), directory.FullPath);
        Assert.True(verified.ExitCode == 0, verified.ToString());
    }

    [Fact]
    public async Task A_reader_that_has_the_newest_keys_is_told_so()
    {
        await using var host = await StartAsync("https://id.example.org", JwtAlgorithm.ES256);
        var client = host.Client();
        var first = await client.GetAsync("/keys");
        using var again = new HttpRequestMessage(HttpMethod.Get, "/keys");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await client.SendAsync(again)).StatusCode);
    }

    [Fact]
    public async Task An_issuer_with_a_path_is_answered_below_it()
    {
        await using var host = await StartAsync("https://example.org/mesh", JwtAlgorithm.ES256);
        var document = await host.Client().GetStringAsync("/mesh/.well-known/openid-configuration");
        Assert.Contains("\"jwks_uri\":\"https://example.org/mesh/keys\"", document, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await host.Client().GetAsync("/mesh/keys")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client().GetAsync("/keys")).StatusCode);
    }

    [Fact]
    public async Task The_trust_bundle_carries_the_JWT_keys_beside_the_roots()
    {
        await using var host = await StartAsync("", JwtAlgorithm.ES256);
        Assert.True(SpiffeBundle.TryRead(await host.Client().GetByteArrayAsync("/v1/bundle"), TrustDomain.Parse("mesh.test"), out var bundle, out var error), error);
        Assert.Equal(host.Jwt.Signer.KeyId, Assert.Single(bundle.JwtAuthorities).KeyId);
        Assert.Single(bundle.X509Authorities);
    }

    private static Task<GatewayHost> StartAsync(string issuer, JwtAlgorithm algorithm) => GatewayHost.StartAsync(prepare: host =>
    {
        host.Jwt.Signer = JwtSigner.Create(algorithm);
        host.JwtOptions.Issuer = issuer;
        host.Issuance.Ca = TestCa.Create(jwtAuthorities: host.Jwt.Authority);
    });

    private static async Task<string> TokenAsync(GatewayHost host) =>
        (await host.Jwt.IssueAsync(new MeshGrains.Grains.JwtRequest(
            new MeshGrains.Grains.AuthenticatedCaller { Kind = MeshGrains.Grains.CallerKind.Agent, Name = "test" }, ["sts.example"], "request-1"), default)).Svid!.Token;
}
