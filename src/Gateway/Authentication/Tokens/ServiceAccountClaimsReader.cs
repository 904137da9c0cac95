using System.Text.Json;

namespace MeshGrains.Gateway;

/// <summary>
/// Reads a token's payload in one pass. A known member that comes twice, has another type than Kubernetes gives it, or is written with
/// escapes makes the token malformed; unknown members are skipped.
/// </summary>
internal static class ServiceAccountClaimsReader
{
    private const int MaxText = 512;
    private const long MaxSeconds = 253_402_300_799;

    [Flags]
    private enum Seen
    {
        None = 0,
        Issuer = 1,
        Subject = 2,
        Audience = 4,
        Expires = 8,
        NotBefore = 16,
        IssuedAt = 32,
        Kubernetes = 64,
        Namespace = 128,
        ServiceAccount = 256,
        Pod = 512,
        Node = 1024,
    }

    /// <summary>False when the payload is malformed.</summary>
    public static bool TryRead(ReadOnlySpan<byte> json, out ServiceAccountClaims claims)
    {
        claims = default;
        try
        {
            var reader = new Utf8JsonReader(json, StrictJson.Options);
            var found = default(ServiceAccountClaims);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject || !ReadTop(ref reader, ref found) || reader.Read())
            {
                return false;
            }

            claims = found;
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool ReadTop(scoped ref Utf8JsonReader reader, scoped ref ServiceAccountClaims claims)
    {
        var seen = Seen.None;
        while (NextMember(ref reader))
        {
            if (reader.ValueIsEscaped)
            {
                return false;
            }

            var name = reader.ValueSpan;
            reader.Read();
            var good = true;
            if (name.SequenceEqual("iss"u8))
            {
                good = Once(ref seen, Seen.Issuer) && Text(ref reader, ref claims.Issuer);
            }
            else if (name.SequenceEqual("sub"u8))
            {
                good = Once(ref seen, Seen.Subject) && Text(ref reader, ref claims.Subject);
            }
            else if (name.SequenceEqual("aud"u8))
            {
                good = Once(ref seen, Seen.Audience) && ReadAudience(ref reader, ref claims);
            }
            else if (name.SequenceEqual("exp"u8))
            {
                good = Once(ref seen, Seen.Expires) && Seconds(ref reader, ref claims.Expires);
            }
            else if (name.SequenceEqual("nbf"u8))
            {
                good = Once(ref seen, Seen.NotBefore) && Seconds(ref reader, ref claims.NotBefore);
            }
            else if (name.SequenceEqual("iat"u8))
            {
                good = Once(ref seen, Seen.IssuedAt) && Seconds(ref reader, ref claims.IssuedAt);
            }
            else if (name.SequenceEqual("kubernetes.io"u8))
            {
                good = Once(ref seen, Seen.Kubernetes) && reader.TokenType == JsonTokenType.StartObject && ReadKubernetes(ref reader, ref claims);
            }
            else
            {
                reader.Skip();
            }

            if (!good)
            {
                return false;
            }
        }

        return reader.TokenType == JsonTokenType.EndObject;
    }

    private static bool ReadKubernetes(scoped ref Utf8JsonReader reader, scoped ref ServiceAccountClaims claims)
    {
        var seen = Seen.None;
        while (NextMember(ref reader))
        {
            if (reader.ValueIsEscaped)
            {
                return false;
            }

            var name = reader.ValueSpan;
            reader.Read();
            var good = true;
            if (name.SequenceEqual("namespace"u8))
            {
                good = Once(ref seen, Seen.Namespace) && Text(ref reader, ref claims.Namespace);
            }
            else if (name.SequenceEqual("serviceaccount"u8))
            {
                good = Once(ref seen, Seen.ServiceAccount) && ReadReference(ref reader, ref claims.ServiceAccount, ref claims.ServiceAccountUid);
            }
            else if (name.SequenceEqual("pod"u8))
            {
                good = Once(ref seen, Seen.Pod) && ReadReference(ref reader, ref claims.Pod, ref claims.PodUid);
            }
            else if (name.SequenceEqual("node"u8))
            {
                good = Once(ref seen, Seen.Node) && ReadReference(ref reader, ref claims.Node, ref claims.NodeUid);
            }
            else
            {
                reader.Skip();
            }

            if (!good)
            {
                return false;
            }
        }

        return reader.TokenType == JsonTokenType.EndObject;
    }

    /// <summary>An object with the members <c>name</c> and <c>uid</c>.</summary>
    private static bool ReadReference(scoped ref Utf8JsonReader reader, scoped ref ReadOnlySpan<byte> objectName, scoped ref ReadOnlySpan<byte> uid)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        while (NextMember(ref reader))
        {
            if (reader.ValueIsEscaped)
            {
                return false;
            }

            var name = reader.ValueSpan;
            reader.Read();
            if (name.SequenceEqual("name"u8))
            {
                if (!objectName.IsEmpty || !Text(ref reader, ref objectName))
                {
                    return false;
                }
            }
            else if (name.SequenceEqual("uid"u8))
            {
                if (!uid.IsEmpty || !Text(ref reader, ref uid))
                {
                    return false;
                }
            }
            else
            {
                reader.Skip();
            }
        }

        return reader.TokenType == JsonTokenType.EndObject;
    }

    private static bool ReadAudience(scoped ref Utf8JsonReader reader, scoped ref ServiceAccountClaims claims)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            claims.AudienceCount = 1;
            return Text(ref reader, ref claims.Audience);
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        var ignored = default(ReadOnlySpan<byte>);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (!(claims.AudienceCount++ == 0 ? Text(ref reader, ref claims.Audience) : Text(ref reader, ref ignored)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool NextMember(scoped ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    private static bool Once(ref Seen seen, Seen member)
    {
        var first = (seen & member) == 0;
        seen |= member;
        return first;
    }

    private static bool Text(scoped ref Utf8JsonReader reader, scoped ref ReadOnlySpan<byte> value)
    {
        if (!StrictJson.IsPlainText(ref reader, MaxText))
        {
            return false;
        }

        value = reader.ValueSpan;
        return true;
    }

    /// <summary>Whole seconds, as Kubernetes writes them; a NumericDate with a fraction is not taken.</summary>
    private static bool Seconds(scoped ref Utf8JsonReader reader, scoped ref long? value)
    {
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var seconds) || seconds is < 0 or > MaxSeconds)
        {
            return false;
        }

        value = seconds;
        return true;
    }
}
