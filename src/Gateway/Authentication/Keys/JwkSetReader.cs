using System.Buffers.Text;
using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json;

namespace MeshGrains.Gateway;

/// <summary>
/// Reads a JWK set (RFC 7517). Keys of unknown type, curve or use, RSA keys outside 2048 to 4096 bits with exponent 65537, and keys without
/// <c>kid</c> are passed over; a broken key, a private or shared key, or one <c>kid</c> for two keys makes the whole set unusable, since
/// nobody can tell what its publisher meant.
/// </summary>
internal static class JwkSetReader
{
    public const int MaxBytes = 1024 * 1024;
    public const int MaxKeys = 100;

    private static ReadOnlySpan<byte> PublicExponent => [1, 0, 1];

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    /// <param name="json">The document, UTF-8.</param>
    /// <param name="previous">Keys already imported; equal ones are taken over.</param>
    /// <exception cref="SourceUnavailableException">The document is no usable key set; says why.</exception>
    public static VerificationKeySet Read(ReadOnlyMemory<byte> json, VerificationKeySet previous)
    {
        if (json.Length > MaxBytes)
        {
            throw new SourceUnavailableException($"the key set has {json.Length} bytes; at most {MaxBytes} are read");
        }

        try
        {
            using var document = JsonDocument.Parse(json, Options);
            return Read(document.RootElement, previous);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or CryptographicException)
        {
            throw new SourceUnavailableException($"the key set is broken: {e.Message}", e);
        }
    }

    private static VerificationKeySet Read(JsonElement root, VerificationKeySet previous)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("keys", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            throw new SourceUnavailableException("the document has no array 'keys'");
        }

        if (list.GetArrayLength() > MaxKeys)
        {
            throw new SourceUnavailableException($"the key set has {list.GetArrayLength()} keys; at most {MaxKeys} are taken");
        }

        var keys = new Dictionary<string, VerificationKey>(StringComparer.Ordinal);
        foreach (var jwk in list.EnumerateArray())
        {
            if (ReadKey(jwk, previous) is { } key && !keys.TryAdd(key.KeyId, key))
            {
                throw new SourceUnavailableException($"two keys share the kid '{key.KeyId}'");
            }
        }

        return keys.Count > 0 ? new VerificationKeySet(keys.Values) : throw new SourceUnavailableException("the key set holds no key that can check a token");
    }

    private static VerificationKey? ReadKey(JsonElement jwk, VerificationKeySet previous)
    {
        if (jwk.ValueKind != JsonValueKind.Object)
        {
            throw new SourceUnavailableException("an element of 'keys' is not an object");
        }

        if (jwk.TryGetProperty("d", out _) || jwk.TryGetProperty("k", out _))
        {
            throw new SourceUnavailableException("the key set holds a private or shared key; publish public keys only");
        }

        var keyId = Text(jwk, "kid");
        if (keyId is not { Length: > 0 and <= 256 } || Text(jwk, "use") is not (null or "sig") || !MayVerify(jwk))
        {
            return null;
        }

        var fingerprint = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(jwk.GetRawText()));
        if (previous.TryGet(keyId, out var known) && known.Fingerprint.AsSpan().SequenceEqual(fingerprint))
        {
            return known;
        }

        return Text(jwk, "kty") switch
        {
            "RSA" => ReadRsa(jwk, keyId, fingerprint),
            "EC" => ReadEc(jwk, keyId, fingerprint),
            _ => null,
        };
    }

    private static RsaVerificationKey? ReadRsa(JsonElement jwk, string keyId, byte[] fingerprint)
    {
        var declared = Text(jwk, "alg");
        var only = declared is null ? JwsAlgorithm.Unknown : JwsAlgorithms.Parse(declared);
        if (declared is not null && only is JwsAlgorithm.Unknown or JwsAlgorithm.ES256 or JwsAlgorithm.ES384)
        {
            return null;
        }

        var modulus = Bytes(jwk, "n", keyId).AsSpan().TrimStart((byte)0).ToArray();
        var exponent = Bytes(jwk, "e", keyId).AsSpan().TrimStart((byte)0);
        var bits = modulus.Length == 0 ? 0 : (modulus.Length * 8) - (BitOperations.LeadingZeroCount(modulus[0]) - 24);
        if (bits is < 2048 or > 4096 || !exponent.SequenceEqual(PublicExponent))
        {
            return null;
        }

        return new RsaVerificationKey(keyId, fingerprint, new RSAParameters { Modulus = modulus, Exponent = [1, 0, 1] }, only);
    }

    private static EcVerificationKey? ReadEc(JsonElement jwk, string keyId, byte[] fingerprint)
    {
        var (curve, length, algorithm) = Text(jwk, "crv") switch
        {
            "P-256" => (ECCurve.NamedCurves.nistP256, 32, JwsAlgorithm.ES256),
            "P-384" => (ECCurve.NamedCurves.nistP384, 48, JwsAlgorithm.ES384),
            _ => (default, 0, JwsAlgorithm.Unknown),
        };
        if (length == 0 || (Text(jwk, "alg") is { } declared && JwsAlgorithms.Parse(declared) != algorithm))
        {
            return null;
        }

        var x = Bytes(jwk, "x", keyId);
        var y = Bytes(jwk, "y", keyId);
        if (x.Length != length || y.Length != length)
        {
            throw new SourceUnavailableException($"the coordinates of the EC key '{keyId}' must have {length} bytes (RFC 7518 section 6.2.1.2)");
        }

        return new EcVerificationKey(keyId, fingerprint, new ECParameters { Curve = curve, Q = new ECPoint { X = x, Y = y } }, algorithm);
    }

    private static bool MayVerify(JsonElement jwk)
        => !jwk.TryGetProperty("key_ops", out var operations)
            || (operations.ValueKind == JsonValueKind.Array && operations.EnumerateArray().Any(operation => operation.ValueEquals("verify"u8)));

    private static string? Text(JsonElement jwk, string name)
        => !jwk.TryGetProperty(name, out var value) ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString()
            : throw new SourceUnavailableException($"the member '{name}' of a key is not a string");

    private static byte[] Bytes(JsonElement jwk, string name, string keyId)
        => Text(jwk, name) is { Length: > 0 and <= 1024 } text
            ? Base64Url.DecodeFromChars(text)
            : throw new SourceUnavailableException($"the key '{keyId}' lacks its member '{name}'");
}
