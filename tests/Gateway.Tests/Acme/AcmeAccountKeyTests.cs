using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using MeshGrains.Gateway.Acme;
using MeshGrains.Testing;

namespace MeshGrains.Gateway.Tests.Acme;

public sealed class AcmeAccountKeyTests
{
    private static readonly Uri Url = new("https://ca.test/new-account");

    // The key of RFC 7515, appendix A.3.
    private const string X = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    private const string Y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
    private const string D = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";

    [Fact]
    public void The_thumbprint_is_the_one_of_RFC_7638()
    {
        using var key = Known();
        Assert.Equal("oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U", key.Thumbprint);
        Assert.Equal("tok.oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U", key.KeyAuthorization("tok"));
    }

    [Fact]
    public void A_request_is_signed_with_the_key_itself_first_and_by_the_accounts_name_then()
    {
        using var key = Known();
        Assert.Equal(
            $$$"""{"alg":"ES256","jwk":{"crv":"P-256","kty":"EC","x":"{{{X}}}","y":"{{{Y}}}"},"nonce":"n0","url":"https://ca.test/new-account"}""",
            HeadOf(key.Sign("{}", Url, "n0", account: null), "{}"));
        Assert.Equal(
            """{"alg":"ES256","kid":"https://ca.test/acct/1","nonce":"n0","url":"https://ca.test/new-account"}""", HeadOf(key.Sign("", Url, "n0", new Uri("https://ca.test/acct/1")), ""));
    }

    [Fact]
    public void An_external_binding_is_the_key_under_the_CAs_MAC()
    {
        using var key = Known();

        // Made with Python's hmac and base64.
        Assert.Equal(
            """{"protected":"eyJhbGciOiJIUzI1NiIsImtpZCI6ImtpZC0xIiwidXJsIjoiaHR0cHM6Ly9jYS50ZXN0L25ldy1hY2NvdW50In0","payload":"eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImY4M09KM0QyeEYxQmc4dnViOXRMZTFnSE16Vjc2ZThUdXM5dVBIdlJWRVUiLCJ5IjoieF9GRXpSdTltMzZITE5fdHVlNjU5TE5wWFc2cEN5U3Rpa1lqS0lXSTVhMCJ9","signature":"gd02XRnkjBtjG3I9Ow9sKisr1ROWUhq8TSio_jBJHqk"}""",
            key.BindTo(PebbleServer.KeyId, Base64Url.DecodeFromChars(PebbleServer.MacKey), Url));
    }

    [Fact]
    public void A_key_of_another_curve_is_refused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Throws<CryptographicException>(() => AcmeAccountKey.Import(other.ExportPkcs8PrivateKey()));
    }

    private static ECParameters Parameters(bool withSecret = true) => new()
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = Base64Url.DecodeFromChars(X), Y = Base64Url.DecodeFromChars(Y) },
        D = withSecret ? Base64Url.DecodeFromChars(D) : null,
    };

    private static AcmeAccountKey Known()
    {
        using var key = ECDsa.Create(Parameters());
        return AcmeAccountKey.Import(key.ExportPkcs8PrivateKey());
    }

    /// <summary>The protected header, once the signature has been verified as RFC 7515 has it.</summary>
    private static string HeadOf(byte[] jws, string payload)
    {
        var parts = JsonNode.Parse(jws)!;
        var (head, body, signature) = ((string)parts["protected"]!, (string)parts["payload"]!, (string)parts["signature"]!);
        Assert.Equal(payload, Encoding.UTF8.GetString(Base64Url.DecodeFromChars(body)));
        using var key = ECDsa.Create(Parameters(withSecret: false));
        Assert.True(key.VerifyData(
            Encoding.ASCII.GetBytes($"{head}.{body}"), Base64Url.DecodeFromChars(signature), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        return Encoding.UTF8.GetString(Base64Url.DecodeFromChars(head));
    }
}
