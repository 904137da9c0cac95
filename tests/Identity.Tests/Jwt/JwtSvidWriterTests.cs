using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using MeshGrains.Testing;

namespace MeshGrains.Identity.Tests;

public sealed class JwtSvidWriterTests
{
    private const string Header = """{"alg":"ES256","kid":"b18b86ce1389e46de87aa4a5131ce83c1160fa33","typ":"JWT"}""";
    private const string Claims = """{"aud":["spiffe://example.org/a","https://b.example"],"exp":1893499500,"iat":1893499200,"iss":"https://id.example.org","sub":"spiffe://example.org/web"}""";

    [Fact]
    public void The_signing_input_of_a_token_is_always_the_same_bytes()
    {
        using var key = Keys.Fixed();
        using var signer = JwtSigner.Import(JwtAlgorithm.ES256, key.ExportPkcs8PrivateKey());
        var input = JwtSvidWriter.SigningInput(signer, Request(["spiffe://example.org/a", "https://b.example"]));
        Assert.Equal(
            "eyJhbGciOiJFUzI1NiIsImtpZCI6ImIxOGI4NmNlMTM4OWU0NmRlODdhYTRhNTEzMWNlODNjMTE2MGZhMzMiLCJ0eXAiOiJKV1QifQ"
            + ".eyJhdWQiOlsic3BpZmZlOi8vZXhhbXBsZS5vcmcvYSIsImh0dHBzOi8vYi5leGFtcGxlIl0sImV4cCI6MTg5MzQ5OTUwMCwiaWF0IjoxODkzNDk5MjAwLCJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUub3JnIiwic3ViIjoic3BpZmZlOi8vZXhhbXBsZS5vcmcvd2ViIn0",
            input);
        var parts = input.Split('.');
        Assert.Equal(Header, Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[0])));
        Assert.Equal(Claims, Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1])));
    }

    [Fact]
    public void Without_a_published_issuer_there_is_no_iss()
    {
        using var signer = JwtSigner.Create(JwtAlgorithm.ES256);
        var token = JwtSvidWriter.Write(signer, Request(["a"]) with { Issuer = null });
        Assert.Equal(
            """{"aud":["a"],"exp":1893499500,"iat":1893499200,"sub":"spiffe://example.org/web"}""",
            Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token.Split('.')[1])));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(JwtSvid.MaxAudiences + 1)]
    public void A_token_for_nobody_or_for_too_many_is_not_written(int audiences)
    {
        using var signer = JwtSigner.Create(JwtAlgorithm.ES256);
        Assert.Throws<ArgumentException>(() => JwtSvidWriter.Write(signer, Request([.. Enumerable.Range(0, audiences).Select(i => $"a{i}")])));
    }

    [SkippableTheory]
    [InlineData(JwtAlgorithm.ES256)]
    [InlineData(JwtAlgorithm.RS256)]
    public void OpenSSL_verifies_what_is_written(JwtAlgorithm algorithm)
    {
        var openssl = Tool.Require("openssl", "openssl");
        using var signer = JwtSigner.Create(algorithm);
        var token = JwtSvidWriter.Write(signer, Request(["a"]));
        var dot = token.LastIndexOf('.');
        var signature = Base64Url.DecodeFromChars(token.AsSpan(dot + 1));
        using var directory = new TempDirectory();
        File.WriteAllText(Path.Combine(directory.FullPath, "key.pem"), PemEncoding.WriteString("PUBLIC KEY", signer.SubjectPublicKeyInfo.Span));
        File.WriteAllBytes(Path.Combine(directory.FullPath, "signature"), algorithm == JwtAlgorithm.ES256 ? EcdsaSignature.ToDer(signature) : signature);
        string[] verify = ["dgst", "-sha256", "-verify", "key.pem", "-signature", "signature"];
        Assert.Equal(0, Tool.Run(openssl, verify, Encoding.ASCII.GetBytes(token[..dot]), directory.FullPath).ExitCode);
        Assert.NotEqual(0, Tool.Run(openssl, verify, Encoding.ASCII.GetBytes(token[..(dot - 1)]), directory.FullPath).ExitCode);
    }

    [Theory]
    [InlineData(JwtAlgorithm.ES256)]
    [InlineData(JwtAlgorithm.RS256)]
    public void An_exported_key_signs_the_same_way_after_it_is_taken_in_again(JwtAlgorithm algorithm)
    {
        using var first = JwtSigner.Create(algorithm);
        using var second = JwtSigner.Import(algorithm, first.ExportPkcs8());
        Assert.Equal(first.KeyId, second.KeyId);
        Assert.Equal(first.SubjectPublicKeyInfo.ToArray(), second.SubjectPublicKeyInfo.ToArray());
        var bundle = new SpiffeBundle(TrustDomain.Parse("example.org")).WithJwtAuthorities([new JwtAuthority(first.KeyId, first.SubjectPublicKeyInfo)]);
        var token = JwtSvidWriter.Write(second, Request(["a"]));
        Assert.True(JwtSvidValidator.TryValidate(token, "a", _ => bundle, Pki.Now, TimeSpan.Zero, out _, out _));
    }

    [Fact]
    public void A_key_of_another_algorithm_is_not_taken_in()
        => Assert.Throws<CryptographicException>(() => JwtSigner.Import(JwtAlgorithm.ES256, Keys.P384.ExportPkcs8PrivateKey()));

    [Fact]
    public async Task One_signer_serves_many_threads_at_once()
    {
        using var signer = JwtSigner.Create(JwtAlgorithm.ES256);
        var bundle = new SpiffeBundle(TrustDomain.Parse("example.org")).WithJwtAuthorities([new JwtAuthority(signer.KeyId, signer.SubjectPublicKeyInfo)]);
        var good = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Enumerable.Range(0, 25).All(_ => JwtSvidValidator.TryValidate(
            JwtSvidWriter.Write(signer, Request(["a"])), "a", _ => bundle, Pki.Now, TimeSpan.Zero, out JwtSvid? _, out JwtSvidRefusal _)))));
        Assert.All(good, Assert.True);
    }

    [Fact]
    public void A_signer_that_was_disposed_signs_nothing_more()
    {
        var signer = JwtSigner.Create(JwtAlgorithm.ES256);
        signer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => signer.Sign([1]));
        Assert.All(signer.ExportPkcs8(), b => Assert.Equal(0, b));
    }

    [Fact]
    public void The_key_set_of_OpenID_tells_use_and_algorithm_and_that_of_the_Workload_API_does_not()
    {
        JwtAuthority[] authorities = [new("e", Keys.P256.ExportSubjectPublicKeyInfo()), new("r", Keys.Rsa2048.ExportSubjectPublicKeyInfo())];
        var openId = Encoding.UTF8.GetString(JwtKeySet.WriteOpenId(authorities));
        Assert.StartsWith("""{"keys":[{"kty":"EC","kid":"e","use":"sig","alg":"ES256","crv":"P-256","x":""", openId, StringComparison.Ordinal);
        Assert.Contains("""{"kty":"RSA","kid":"r","use":"sig","alg":"RS256","n":""", openId, StringComparison.Ordinal);
        var plain = Encoding.UTF8.GetString(JwtKeySet.Write(authorities));
        Assert.StartsWith("""{"keys":[{"kty":"EC","kid":"e","crv":"P-256","x":""", plain, StringComparison.Ordinal);
        Assert.DoesNotContain("use", plain, StringComparison.Ordinal);
        Assert.Equal("""{"keys":[]}""", Encoding.UTF8.GetString(JwtKeySet.Write([])));
    }

    private static JwtSvidRequest Request(IReadOnlyList<string> audience) => new()
    {
        Subject = SpiffeId.Parse("spiffe://example.org/web"), Audience = audience, IssuedAt = Pki.Now, ExpiresAt = Pki.Now.AddMinutes(5), Issuer = "https://id.example.org",
    };
}
