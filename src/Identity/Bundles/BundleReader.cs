using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace MeshGrains.Identity;

/// <summary>Reads a bundle in the SPIFFE format (SPIFFE Trust Domain and Bundle section 4), with the tolerance that it asks of readers.</summary>
internal static class BundleReader
{
    public const string X509Use = "x509-svid";
    public const string JwtUse = "jwt-svid";

    private const int MaxKeyIdChars = 1024;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    public static bool TryRead(
        ReadOnlySpan<byte> utf8Json, TrustDomain trustDomain, [NotNullWhen(true)] out SpiffeBundle? bundle, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        bundle = null;
        if (utf8Json.Length > SpiffeBundle.MaxJsonBytes)
        {
            error = $"The bundle has {utf8Json.Length} bytes; at most {SpiffeBundle.MaxJsonBytes} are read.";
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(utf8Json.ToArray(), Options);
            error = Read(document.RootElement, trustDomain, out bundle);
        }
        catch (JsonException)
        {
            error = "The bundle is not well-formed JSON, is nested too deeply, or has a member twice.";
        }
        catch (InvalidOperationException)
        {
            // What System.Text.Json throws for a string that is not Unicode.
            error = "The bundle holds text that is not Unicode.";
        }

        bundle = error is null ? bundle : null;
        return bundle is not null;
    }

    private static string? Read(JsonElement root, TrustDomain trustDomain, out SpiffeBundle? bundle)
    {
        bundle = null;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array)
        {
            return "The bundle has no array 'keys'; it may be empty but must be there.";
        }

        if (keys.GetArrayLength() > SpiffeBundle.MaxKeys)
        {
            return $"The bundle has {keys.GetArrayLength()} keys; at most {SpiffeBundle.MaxKeys} are read.";
        }

        TimeSpan? hint = null;
        var error = ReadSequence(root, out var sequence) ?? ReadHint(root, out hint);
        if (error is not null)
        {
            return error;
        }

        var certificates = new List<ReadOnlyMemory<byte>>();
        var jwtAuthorities = new Dictionary<string, JwtAuthority>();
        var index = 0;
        foreach (var key in keys.EnumerateArray())
        {
            error = ReadKey(key, certificates, jwtAuthorities);
            if (error is not null)
            {
                return $"Key {index} of the bundle cannot be used: {error}.";
            }

            index++;
        }

        bundle = new SpiffeBundle(trustDomain)
            .WithX509Authorities(certificates)
            .WithJwtAuthorities(jwtAuthorities.Values)
            .WithSequence(sequence)
            .WithRefreshHint(hint);
        return null;
    }

    private static string? ReadKey(JsonElement key, List<ReadOnlyMemory<byte>> certificates, Dictionary<string, JwtAuthority> jwtAuthorities)
    {
        if (key.ValueKind != JsonValueKind.Object)
        {
            return "it is not an object";
        }

        if (JsonWebKey.Text(key, "kty") is not ("EC" or "RSA" or "OKP"))
        {
            return null;
        }

        return JsonWebKey.Text(key, "use") switch
        {
            X509Use => ReadX509(key, certificates),
            JwtUse => ReadJwt(key, jwtAuthorities),
            _ => null,
        };
    }

    private static string? ReadX509(JsonElement key, List<ReadOnlyMemory<byte>> certificates)
    {
        if (!key.TryGetProperty("x5c", out var chain) || chain.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (chain.ValueKind != JsonValueKind.Array)
        {
            return "its 'x5c' is not an array";
        }

        if (chain.GetArrayLength() == 0)
        {
            return null;
        }

        if (chain[0].ValueKind != JsonValueKind.String || !chain[0].TryGetBytesFromBase64(out var der))
        {
            return "the first value of its 'x5c' is not base64";
        }

        if (!ParsedCertificate.TryRead(der, out var certificate, out var error))
        {
            return error.TrimEnd('.');
        }

        if (JsonWebKey.CanDescribe(certificate.PublicKey))
        {
            certificates.Add(der);
        }

        return null;
    }

    private static string? ReadJwt(JsonElement key, Dictionary<string, JwtAuthority> authorities)
    {
        if (JsonWebKey.Text(key, "kid") is not { Length: > 0 and <= MaxKeyIdChars } keyId)
        {
            return "a JWT key has no 'kid', or one that is too long";
        }

        var publicKey = JsonWebKey.ReadPublicKey(key, out var error);
        if (publicKey is null)
        {
            return error;
        }

        if (!PublicKeyInfo.TryRead(publicKey, out var info, out _) || info.Kind == KeyKind.Other)
        {
            return "its numbers are not those of an RSA key of 2048 to 8192 bits";
        }

        var authority = new JwtAuthority(keyId, publicKey);
        return authorities.TryAdd(keyId, authority) || authorities[keyId].Equals(authority)
            ? null
            : "another JWT key has the same 'kid'";
    }

    private static string? ReadSequence(JsonElement root, out ulong? sequence)
    {
        sequence = null;
        if (!root.TryGetProperty("spiffe_sequence", out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetUInt64(out var number))
        {
            return "The bundle's 'spiffe_sequence' is not a whole number of 64 bits.";
        }

        sequence = number;
        return null;
    }

    private static string? ReadHint(JsonElement root, out TimeSpan? hint)
    {
        hint = null;
        if (!root.TryGetProperty("spiffe_refresh_hint", out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out var seconds) || seconds < 0)
        {
            return "The bundle's 'spiffe_refresh_hint' is not a whole number of seconds, 0 to 2147483647.";
        }

        hint = TimeSpan.FromSeconds(seconds);
        return null;
    }
}
