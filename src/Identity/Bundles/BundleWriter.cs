using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace MeshGrains.Identity;

/// <summary>Writes a bundle in the SPIFFE format (SPIFFE Trust Domain and Bundle section 4).</summary>
internal static class BundleWriter
{
    private static readonly JsonWriterOptions Options = new()
    {
        Indented = true,

        // Base64 keeps its '+' readable; the document is application/json and never stands inside HTML.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static byte[] Write(SpiffeBundle bundle)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteStartArray("keys");
            foreach (var authority in bundle.X509Authorities)
            {
                WriteX509(json, authority);
            }

            foreach (var authority in bundle.JwtAuthorities)
            {
                WriteJwt(json, authority);
            }

            json.WriteEndArray();
            if (bundle.Sequence is { } sequence)
            {
                json.WriteNumber("spiffe_sequence", sequence);
            }

            if (bundle.RefreshHint is { } hint)
            {
                json.WriteNumber("spiffe_refresh_hint", (long)hint.TotalSeconds);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteX509(Utf8JsonWriter json, ParsedCertificate authority)
    {
        json.WriteStartObject();
        json.WriteString("use", BundleReader.X509Use);
        JsonWebKey.WriteKeyType(json, authority.PublicKey);
        JsonWebKey.WriteNumbers(json, authority.PublicKey);
        json.WriteStartArray("x5c");
        json.WriteBase64StringValue(authority.Der.Span);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteJwt(Utf8JsonWriter json, JwtAuthority authority)
    {
        json.WriteStartObject();
        json.WriteString("use", BundleReader.JwtUse);
        json.WriteString("kid", authority.KeyId);
        JsonWebKey.WriteKeyType(json, authority.PublicKey);
        JsonWebKey.WriteNumbers(json, authority.PublicKey);
        json.WriteEndObject();
    }
}
