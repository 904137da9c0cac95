using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace MeshGrains.Identity;

/// <summary>
/// Writes JWT-SVIDs (JWT-SVID sections 2 and 3): a compact JWS with the headers alg, kid and typ and no others, and the claims sub, aud, exp, iat
/// and, where an issuer is published, iss. The same request always has the same signing input.
/// </summary>
public static class JwtSvidWriter
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="ArgumentException">There is no audience, too many, or the token would be too long.</exception>
    public static string Write(JwtSigner signer, JwtSvidRequest request)
    {
        ArgumentNullException.ThrowIfNull(signer);
        var input = SigningInput(signer, request);
        var signature = signer.Sign(Encoding.ASCII.GetBytes(input));
        var token = string.Concat(input, ".", Base64Url.EncodeToString(signature));
        return token.Length <= JwtSvid.MaxLength ? token : throw new ArgumentException($"A JWT-SVID has at most {JwtSvid.MaxLength} characters.", nameof(request));
    }

    /// <summary>What is signed: header and claims, each base64url.</summary>
    internal static string SigningInput(JwtSigner signer, JwtSvidRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Audience.Count is 0 or > JwtSvid.MaxAudiences || request.Audience.Any(string.IsNullOrEmpty))
        {
            throw new ArgumentException($"A JWT-SVID has 1 to {JwtSvid.MaxAudiences} audiences, none of them empty.", nameof(request));
        }

        var header = Write(json =>
        {
            json.WriteString("alg", signer.Algorithm.ToString());
            json.WriteString("kid", signer.KeyId);
            json.WriteString("typ", "JWT");
        });
        var claims = Write(json =>
        {
            json.WriteStartArray("aud");
            foreach (var audience in request.Audience)
            {
                json.WriteStringValue(audience);
            }

            json.WriteEndArray();
            json.WriteNumber("exp", request.ExpiresAt.ToUnixTimeSeconds());
            json.WriteNumber("iat", request.IssuedAt.ToUnixTimeSeconds());
            if (request.Issuer is { } issuer)
            {
                json.WriteString("iss", issuer);
            }

            json.WriteString("sub", request.Subject.ToString());
        });
        return string.Concat(header, ".", claims);
    }

    private static string Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return Base64Url.EncodeToString(buffer.WrittenSpan);
    }
}
