using System.Buffers;
using System.Text.Json;

namespace MeshGrains.Identity;

/// <summary>JWT authorities as a plain JWK Set (RFC 7517), for readers that know no SPIFFE bundles. The same keys always give the same bytes.</summary>
public static class JwtKeySet
{
    /// <summary>For the Workload API: JWT keys alone, and no "use", as SPIRE's agents write it.</summary>
    public static byte[] Write(IEnumerable<JwtAuthority> authorities) => Write(authorities, openId: false);

    /// <summary>For OpenID Connect: with <c>use</c> "sig" and each key's <c>alg</c>. Keys that sign with nothing that is allowed are left out.</summary>
    public static byte[] WriteOpenId(IEnumerable<JwtAuthority> authorities) => Write(authorities, openId: true);

    private static byte[] Write(IEnumerable<JwtAuthority> authorities, bool openId)
    {
        ArgumentNullException.ThrowIfNull(authorities);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("keys");
            foreach (var authority in authorities)
            {
                var algorithm = JwtAlgorithms.Of(authority.PublicKey.Kind);
                if (openId && algorithm is null)
                {
                    continue;
                }

                json.WriteStartObject();
                JsonWebKey.WriteKeyType(json, authority.PublicKey);
                json.WriteString("kid", authority.KeyId);
                if (openId)
                {
                    json.WriteString("use", "sig");
                    json.WriteString("alg", algorithm.ToString());
                }

                JsonWebKey.WriteNumbers(json, authority.PublicKey);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
