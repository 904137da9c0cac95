using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.OpenId;

/// <summary>The provider's metadata (OpenID Connect Discovery section 3), as far as relying parties that only verify tokens need it.</summary>
internal static class OpenIdDocument
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(string issuer, IEnumerable<JwtAuthority> authorities)
    {
        var algorithms = authorities.Select(authority => JwtAlgorithms.Of(authority.PublicKey.Kind)).OfType<JwtAlgorithm>().Distinct().Order();
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("issuer", issuer);
            json.WriteString("jwks_uri", issuer + OpenIdEndpoints.KeysPath);
            WriteList(json, "response_types_supported", ["id_token"]);
            WriteList(json, "subject_types_supported", ["public"]);
            WriteList(json, "id_token_signing_alg_values_supported", algorithms.Select(algorithm => algorithm.ToString()));
            WriteList(json, "claims_supported", ["aud", "exp", "iat", "iss", "sub"]);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
