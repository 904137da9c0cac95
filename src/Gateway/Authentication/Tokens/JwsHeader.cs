using System.Text.Json;

namespace MeshGrains.Gateway;

/// <summary>The protected header of a compact JWS: only <c>alg</c> and <c>kid</c> are used, keys carried in a header never.</summary>
internal ref struct JwsHeader
{
    private const int MaxMembers = 16;
    private const int MaxKeyIdLength = 256;

    public JwsAlgorithm Algorithm { get; private set; }

    /// <summary>Printable ASCII, 1 to 256 bytes.</summary>
    public ReadOnlySpan<byte> KeyId { get; private set; }

    /// <summary>Reads a header; returns null or why it is refused.</summary>
    public static TokenFault? TryRead(ReadOnlySpan<byte> json, out JwsHeader header)
    {
        header = default;
        try
        {
            return Read(json, ref header);
        }
        catch (JsonException)
        {
            return TokenFault.Malformed;
        }
    }

    private static TokenFault? Read(ReadOnlySpan<byte> json, ref JwsHeader header)
    {
        var reader = new Utf8JsonReader(json, StrictJson.Options);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return TokenFault.Malformed;
        }

        Span<Range> names = stackalloc Range[MaxMembers];
        var members = 0;
        var hasAlgorithm = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            // An escaped member name could hide a second "alg" from a simpler reader; no issuer writes one.
            if (reader.ValueIsEscaped || members == MaxMembers)
            {
                return TokenFault.Malformed;
            }

            var name = reader.ValueSpan;
            for (var i = 0; i < members; i++)
            {
                if (json[names[i]].SequenceEqual(name))
                {
                    return TokenFault.Malformed;
                }
            }

            var start = (int)reader.TokenStartIndex + 1;
            names[members++] = start..(start + name.Length);
            reader.Read();
            if (name.SequenceEqual("alg"u8))
            {
                if (reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped)
                {
                    return TokenFault.Malformed;
                }

                hasAlgorithm = true;
                header.Algorithm = JwsAlgorithms.Parse(reader.ValueSpan);
            }
            else if (name.SequenceEqual("kid"u8))
            {
                if (!StrictJson.IsPlainText(ref reader, MaxKeyIdLength))
                {
                    return TokenFault.Malformed;
                }

                header.KeyId = reader.ValueSpan;
            }
            else if (name.SequenceEqual("typ"u8))
            {
                if (reader.TokenType != JsonTokenType.String || !System.Text.Ascii.EqualsIgnoreCase(reader.ValueSpan, "JWT"u8))
                {
                    return TokenFault.Malformed;
                }
            }
            else if (name.SequenceEqual("crit"u8) || name.SequenceEqual("b64"u8))
            {
                // RFC 7515 section 4.1.11: an extension that is not understood must be refused, and none is.
                return TokenFault.CriticalExtension;
            }
            else
            {
                reader.Skip();
            }
        }

        if (reader.TokenType != JsonTokenType.EndObject || reader.Read() || !hasAlgorithm)
        {
            return TokenFault.Malformed;
        }

        return header.Algorithm == JwsAlgorithm.Unknown ? TokenFault.Algorithm
            : header.KeyId.IsEmpty ? TokenFault.KeyIdMissing
            : null;
    }
}
