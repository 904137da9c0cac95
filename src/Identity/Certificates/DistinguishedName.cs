using System.Globalization;
using System.Text;

namespace MeshGrains.Identity;

/// <summary>Shows an X.501 Name to people. Names are never compared by this text: see <see cref="ParsedCertificate.IssuerName"/>.</summary>
public static class DistinguishedName
{
    private const int MaxChars = 1024;

    private static readonly Encoding Utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: false);

    /// <summary>
    /// "O=example.org, CN=web" in the order of the certificate, at most 1024 characters; control characters, separators and anything that is
    /// not printable are escaped as \XX or \uXXXX, so that a stranger's name cannot forge a line of a log. "" for an empty name.
    /// </summary>
    public static string Describe(ReadOnlyMemory<byte> name)
    {
        var text = new StringBuilder();
        var outer = new DerReader(name.Span);
        if (!outer.TryEnter(DerTag.Sequence, out var sets) || !outer.AtEnd)
        {
            return "(malformed name)";
        }

        while (!sets.AtEnd && text.Length < MaxChars)
        {
            if (!sets.TryEnter(DerTag.Set, out var attributes) || !TryAppend(ref attributes, text))
            {
                return "(malformed name)";
            }
        }

        return text.Length <= MaxChars ? text.ToString() : text.ToString(0, MaxChars);
    }

    private static bool TryAppend(ref DerReader attributes, StringBuilder text)
    {
        while (!attributes.AtEnd)
        {
            if (!attributes.TryEnter(DerTag.Sequence, out var attribute) || !attribute.TryRead(DerTag.Oid, out ReadOnlySpan<byte> type)
                || !attribute.TryReadAny(out var tag, out _, out var value) || !attribute.AtEnd)
            {
                return false;
            }

            text.Append(text.Length == 0 ? "" : ", ").Append(Label(type)).Append('=');
            Escape(Decode(tag, value), text);
        }

        return true;
    }

    private static string Label(ReadOnlySpan<byte> type) => type switch
    {
        [0x55, 0x04, 0x03] => "CN",
        [0x55, 0x04, 0x05] => "serialNumber",
        [0x55, 0x04, 0x06] => "C",
        [0x55, 0x04, 0x07] => "L",
        [0x55, 0x04, 0x08] => "ST",
        [0x55, 0x04, 0x0A] => "O",
        [0x55, 0x04, 0x0B] => "OU",
        [0x55, 0x04, 0x2D] => "x500UniqueIdentifier",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x19] => "DC",
        _ => "#" + Convert.ToHexStringLower(type[..Math.Min(type.Length, 32)]),
    };

    // Tag 0x1E is BMPString, two bytes a character; the other string types are ASCII or close to it.
    private static string Decode(byte tag, ReadOnlySpan<byte> value)
    {
        value = value[..Math.Min(value.Length, MaxChars)];
        return tag == 0x1E ? Encoding.BigEndianUnicode.GetString(value) : Utf8.GetString(value);
    }

    private static void Escape(string value, StringBuilder text)
    {
        foreach (var c in value)
        {
            if (c is ',' or '=' or '+' or '"' or '\\' or '<' or '>' or ';' or < ' ' or '\x7F')
            {
                text.Append('\\').Append(((int)c).ToString("X2", CultureInfo.InvariantCulture));
            }
            else if (c < '\x7F' || char.IsLetterOrDigit(c))
            {
                text.Append(c);
            }
            else
            {
                text.Append("\\u").Append(((int)c).ToString("X4", CultureInfo.InvariantCulture));
            }
        }
    }
}
