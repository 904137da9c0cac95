using System.Globalization;
using System.Text;

namespace MeshGrains.Rpc.Wire;

/// <summary>The percent-encoding of <c>grpc-message</c>: UTF-8, everything outside ' '..'~' and '%' itself as %XX.</summary>
internal static class GrpcMessage
{
    /// <summary>Longer texts are cut: common clients refuse more than 8 KB of trailers in all.</summary>
    public const int MaxEncodedLength = 2048;

    public static string Encode(string text)
    {
        if (text.Length <= MaxEncodedLength && !NeedsEncoding(text))
        {
            return text;
        }

        var encoded = new StringBuilder(Math.Min(text.Length + 16, MaxEncodedLength));
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes())
        {
            int before = encoded.Length;
            int count = rune.EncodeToUtf8(utf8);
            foreach (byte value in utf8[..count])
            {
                if (value is >= 0x20 and <= 0x7E and not (byte)'%')
                {
                    encoded.Append((char)value);
                }
                else
                {
                    encoded.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
                }
            }

            if (encoded.Length > MaxEncodedLength)
            {
                encoded.Length = before;
                break;
            }
        }

        return encoded.ToString();
    }

    /// <summary>Decodes leniently, as the specification asks: a broken escape stands for itself.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains('%'))
        {
            return text;
        }

        byte[] bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length
                && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                bytes[length++] = value;
                i += 2;
            }
            else
            {
                length += Encoding.UTF8.GetBytes(text.AsSpan(i, 1), bytes.AsSpan(length));
            }
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    private static bool NeedsEncoding(string text)
    {
        foreach (char c in text)
        {
            if (c is < ' ' or > '~' or '%')
            {
                return true;
            }
        }

        return false;
    }
}
