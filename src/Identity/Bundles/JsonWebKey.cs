using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace MeshGrains.Identity;

/// <summary>Public keys as JWK members (RFC 7517, RFC 7518 section 6, RFC 8037).</summary>
internal static class JsonWebKey
{
    /// <summary>A modulus of the largest RSA key that is read has 1366 base64url characters.</summary>
    private const int MaxNumberChars = 1400;

    private static readonly SearchValues<char> Alphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    public static bool CanDescribe(in PublicKeyInfo key) => key.Kind != KeyKind.Other;

    public static void WriteKeyType(Utf8JsonWriter json, in PublicKeyInfo key) => json.WriteString("kty", key.Kind switch
    {
        KeyKind.Rsa => "RSA",
        KeyKind.Ed25519 => "OKP",
        _ => "EC",
    });

    public static void WriteNumbers(Utf8JsonWriter json, in PublicKeyInfo key)
    {
        if (key.Kind == KeyKind.Rsa)
        {
            WriteNumber(json, "n", key.RsaModulus.Span);
            WriteNumber(json, "e", key.RsaExponent.Span);
            return;
        }

        json.WriteString("crv", CurveName(key.Kind));
        if (key.Kind == KeyKind.Ed25519)
        {
            WriteNumber(json, "x", key.KeyBits.Span);
            return;
        }

        var width = (key.KeyBits.Length - 1) / 2;
        WriteNumber(json, "x", key.KeyBits.Span.Slice(1, width));
        WriteNumber(json, "y", key.KeyBits.Span[(1 + width)..]);
    }

    /// <summary>
    /// Reads the public key out of a JWK. Gives null without an error for a type or curve that is not known, and null with one for a known
    /// type whose members are missing or malformed.
    /// </summary>
    public static byte[]? ReadPublicKey(JsonElement jwk, out string? error)
    {
        error = null;
        return Text(jwk, "kty") switch
        {
            "EC" => ReadEc(jwk, out error),
            "RSA" => ReadRsa(jwk, out error),
            _ => null,
        };
    }

    /// <summary>A member's text; null when it is absent or not a string.</summary>
    public static string? Text(JsonElement element, string name)
        => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static byte[]? ReadEc(JsonElement jwk, out string? error)
    {
        error = null;
        var kind = Text(jwk, "crv") switch
        {
            "P-256" => KeyKind.P256,
            "P-384" => KeyKind.P384,
            "P-521" => KeyKind.P521,
            _ => KeyKind.Other,
        };
        if (kind == KeyKind.Other)
        {
            return null;
        }

        var width = kind == KeyKind.P256 ? 32 : kind == KeyKind.P384 ? 48 : 66;
        if (!TryNumber(jwk, "x", out var x) || !TryNumber(jwk, "y", out var y) || x.Length != width || y.Length != width)
        {
            error = $"its coordinates are not two base64url numbers of {width} bytes";
            return null;
        }

        return PublicKeyWriter.Ec(kind, x, y);
    }

    private static byte[]? ReadRsa(JsonElement jwk, out string? error)
    {
        error = null;
        if (TryNumber(jwk, "n", out var n) && TryNumber(jwk, "e", out var e) && n.Length > 0 && e.Length > 0)
        {
            return PublicKeyWriter.Rsa(n, e);
        }

        error = "its modulus and exponent are not base64url numbers";
        return null;
    }

    private static bool TryNumber(JsonElement jwk, string name, [NotNullWhen(true)] out byte[]? number)
    {
        number = null;
        if (Text(jwk, name) is not { Length: <= MaxNumberChars } text || text.AsSpan().ContainsAnyExcept(Alphabet) || !Base64Url.IsValid(text))
        {
            return false;
        }

        number = Base64Url.DecodeFromChars(text);
        return true;
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, ReadOnlySpan<byte> number)
        => json.WriteString(name, Base64Url.EncodeToString(number));

    private static string CurveName(KeyKind kind) => kind switch
    {
        KeyKind.P256 => "P-256",
        KeyKind.P384 => "P-384",
        KeyKind.P521 => "P-521",
        KeyKind.Ed25519 => "Ed25519",
        _ => throw new NotSupportedException($"A key of kind {kind} has no curve."),
    };
}
