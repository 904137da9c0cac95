using System.Text.Json;

namespace MeshGrains.Identity;

/// <summary>
/// Reads compact JWS as the profile has them (JWT-SVID sections 2 and 3). Keys and URLs that a header carries are not looked at: the key comes from the
/// bundle alone.
/// </summary>
internal static class JwtSvidReader
{
    private const int MaxHeaderChars = 2048;
    private const int MaxKeyIdChars = 1024;

    /// <summary>The last second that <see cref="DateTimeOffset"/> has.</summary>
    private const double MaxTime = 253_402_300_799;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    public static JwtSvid? Read(string? token, out JwtSvidRefusal refusal)
    {
        refusal = JwtSvidRefusal.Malformed;
        if (token is not { Length: > 0 and <= JwtSvid.MaxLength })
        {
            return null;
        }

        var first = token.IndexOf('.', StringComparison.Ordinal);
        var last = token.LastIndexOf('.');
        if (first < 0 || last == first || token.IndexOf('.', first + 1) != last || first > MaxHeaderChars)
        {
            return null;
        }

        try
        {
            if (Decode(token.AsSpan(0, first)) is not { } header || Decode(token.AsSpan(first + 1, last - first - 1)) is not { } claims
                || Decode(token.AsSpan(last + 1)) is not { } signature)
            {
                return null;
            }

            using var headerJson = JsonDocument.Parse(header, Options);
            using var claimsJson = JsonDocument.Parse(claims, Options);
            return Read(token, last, signature, headerJson.RootElement, claimsJson.RootElement, claims, out refusal);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is what System.Text.Json throws for a string that is not Unicode.
            refusal = JwtSvidRefusal.Malformed;
            return null;
        }
    }

    private static JwtSvid? Read(
        string token, int signingInput, byte[] signature, JsonElement header, JsonElement claims, byte[] claimsJson, out JwtSvidRefusal refusal)
    {
        refusal = JwtSvidRefusal.Malformed;
        if (header.ValueKind != JsonValueKind.Object || claims.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        refusal = JwtSvidRefusal.Algorithm;
        if (!JwtAlgorithms.TryParse(JsonWebKey.Text(header, "alg"), out var algorithm))
        {
            return null;
        }

        refusal = JwtSvidRefusal.KeyIdMissing;
        if (JsonWebKey.Text(header, "kid") is not { Length: > 0 and <= MaxKeyIdChars } keyId)
        {
            return null;
        }

        // An extension that is not understood must be refused (RFC 7515 section 4.1.11), and none is.
        refusal = JwtSvidRefusal.Header;
        if ((header.TryGetProperty("typ", out _) && JsonWebKey.Text(header, "typ") is not ("JWT" or "JOSE")) || header.TryGetProperty("crit", out _)
            || header.TryGetProperty("b64", out _))
        {
            return null;
        }

        refusal = JwtSvidRefusal.Subject;
        if (!SpiffeId.TryParse(JsonWebKey.Text(claims, "sub"), out var subject, out _))
        {
            return null;
        }

        refusal = JwtSvidRefusal.Audience;
        if (ReadAudience(claims) is not { } audience)
        {
            return null;
        }

        refusal = JwtSvidRefusal.Times;
        return ReadTime(claims, "exp", out var expiresAt) && expiresAt is { } end && ReadTime(claims, "iat", out var issuedAt) && ReadTime(claims, "nbf", out var notBefore)
            ? new JwtSvid(token, signingInput, signature, algorithm, keyId, subject, audience, end, issuedAt, notBefore, claimsJson)
            : null;
    }

    private static byte[]? Decode(ReadOnlySpan<char> text)
    {
        var buffer = new byte[StrictBase64Url.MaxLength(text.Length)];
        return text.Length > 0 && StrictBase64Url.TryDecode(text, buffer, out var written) ? buffer[..written] : null;
    }

    /// <summary>One text or a list of them (RFC 7519 section 4.1.3); a missing one is an empty list.</summary>
    private static List<string>? ReadAudience(JsonElement claims)
    {
        if (!claims.TryGetProperty("aud", out var value))
        {
            return [];
        }

        return value.ValueKind switch
        {
            JsonValueKind.String => [value.GetString()!],
            JsonValueKind.Array when value.GetArrayLength() <= JwtSvid.MaxAudiences && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
                => [.. value.EnumerateArray().Select(item => item.GetString()!)],
            _ => null,
        };
    }

    /// <summary>A NumericDate (RFC 7519 section 2) may have a fraction; it is cut off. False for what is no time.</summary>
    private static bool ReadTime(JsonElement claims, string name, out DateTimeOffset? time)
    {
        time = null;
        if (!claims.TryGetProperty(name, out var value))
        {
            return true;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var seconds) || !(seconds is >= 0 and <= MaxTime))
        {
            return false;
        }

        time = DateTimeOffset.FromUnixTimeSeconds((long)seconds);
        return true;
    }
}
