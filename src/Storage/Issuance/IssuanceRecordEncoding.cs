using System.Buffers;
using System.Text;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// The canonical bytes of a log record, format 1: one record has exactly one encoding, and the hash chain is over these bytes.
/// Trust domain and issuer are those of the shard and are not repeated. Layout: kind, serial, SPIFFE ID, notBefore, notAfter - notBefore,
/// issuedAt - notBefore, attestedAt - issuedAt (seconds), request id, caller, registration id, bundle number, SHA-256 of the DER.
/// A text is <c>length * 4 + form</c> and its bytes; form 0 is UTF-8, 1 is lowercase hex as its bytes, 2 is what follows
/// <c>spiffe://{trust domain}</c>.
/// </summary>
internal static class IssuanceRecordEncoding
{
    public const byte Format = 1;

    /// <summary>What one record may take, far above what bounded inputs make.</summary>
    public const int MaxLength = 16 * 1024;

    private const int Utf8 = 0;
    private const int Hex = 1;
    private const int UnderTrustDomain = 2;
    private const int HashLength = 32;
    private const int MaxSerialDigits = 64;
    private const string Scheme = "spiffe://";

    private static readonly SearchValues<char> LowercaseHex = SearchValues.Create("0123456789abcdef");
    private static readonly UTF8Encoding Text = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="ArgumentException">A field is outside its bounds; nothing may be issued from such a record.</exception>
    public static void Write(BinaryBuffer buffer, IssuanceRecord record)
    {
        if (!IsHex(record.Serial) || record.Serial.Length > MaxSerialDigits)
        {
            throw new ArgumentException("A log record's serial is lowercase hex, two digits a byte, at most 32 bytes.", nameof(record));
        }

        if (record.DerSha256.Length != HashLength)
        {
            throw new ArgumentException("A log record carries the SHA-256 of the certificate's DER, 32 bytes.", nameof(record));
        }

        if (!Enum.IsDefined(record.Kind))
        {
            throw new ArgumentException($"A log record has no kind {record.Kind}.", nameof(record));
        }

        var start = buffer.Length;
        buffer.Byte((byte)record.Kind);
        WriteText(buffer, record.Serial, record.TrustDomain);
        WriteText(buffer, record.SpiffeId, record.TrustDomain);
        var notBefore = record.NotBefore.ToUnixTimeSeconds();
        var issuedAt = record.IssuedAt.ToUnixTimeSeconds();
        buffer.Signed(notBefore);
        buffer.Signed(record.NotAfter.ToUnixTimeSeconds() - notBefore);
        buffer.Signed(issuedAt - notBefore);
        buffer.Signed(record.AttestedAt.ToUnixTimeSeconds() - issuedAt);
        WriteText(buffer, record.RequestId, record.TrustDomain);
        WriteText(buffer, record.Caller, record.TrustDomain);
        WriteText(buffer, record.RegistrationId, record.TrustDomain);
        buffer.Signed(record.BundleNumber);
        buffer.Bytes(record.DerSha256.Span);
        if (buffer.Length - start > MaxLength)
        {
            throw new ArgumentException($"A log record takes at most {MaxLength} bytes.", nameof(record));
        }
    }

    /// <exception cref="FormatException">The bytes are not a whole record in canonical form.</exception>
    public static IssuanceRecord Read(ReadOnlySpan<byte> bytes, string trustDomain, string issuerAuthorityId)
    {
        if (bytes.Length > MaxLength)
        {
            throw new FormatException("The record is too long.");
        }

        var cursor = new BinaryCursor(bytes);
        var kind = (IssuanceRecordKind)cursor.Byte();
        if (!Enum.IsDefined(kind))
        {
            throw new FormatException($"Unknown kind of record: {(int)kind}.");
        }

        var serial = ReadText(ref cursor, trustDomain);
        if (!IsHex(serial) || serial.Length > MaxSerialDigits)
        {
            throw new FormatException("The serial is no serial.");
        }

        var spiffeId = ReadText(ref cursor, trustDomain);
        var notBefore = cursor.Signed();
        var notAfter = notBefore + cursor.Signed();
        var issuedAt = notBefore + cursor.Signed();
        var attestedAt = issuedAt + cursor.Signed();
        var requestId = ReadText(ref cursor, trustDomain);
        var caller = ReadText(ref cursor, trustDomain);
        var registrationId = ReadText(ref cursor, trustDomain);
        var bundleNumber = cursor.Signed();
        var hash = cursor.Bytes(HashLength).ToArray();
        if (!cursor.AtEnd)
        {
            throw new FormatException("Bytes follow the record.");
        }

        return new IssuanceRecord(
            kind, trustDomain, serial, spiffeId, issuerAuthorityId, Time(notBefore), Time(notAfter), requestId, caller, registrationId,
            Time(attestedAt), bundleNumber, hash, Time(issuedAt));
    }

    private static void WriteText(BinaryBuffer buffer, string text, string trustDomain)
    {
        if (text.Length > MaxLength)
        {
            throw new ArgumentException($"A log record takes at most {MaxLength} bytes.");
        }

        if (IsHex(text))
        {
            buffer.Unsigned(((ulong)text.Length / 2 * 4) + Hex);
            Convert.FromHexString(text, buffer.Reserve(text.Length / 2), out _, out var written);
            buffer.Advance(written);
            return;
        }

        var rest = text.AsSpan();
        var form = Utf8;
        if (IsUnder(trustDomain, text))
        {
            rest = rest[(Scheme.Length + trustDomain.Length)..];
            form = UnderTrustDomain;
        }

        try
        {
            var length = Text.GetByteCount(rest);
            buffer.Unsigned(((ulong)length * 4) + (ulong)form);
            buffer.Advance(Text.GetBytes(rest, buffer.Reserve(length)));
        }
        catch (EncoderFallbackException exception)
        {
            throw new ArgumentException("A log record's text is not well-formed Unicode.", exception);
        }
    }

    private static string ReadText(ref BinaryCursor cursor, string trustDomain)
    {
        var head = cursor.Unsigned();
        if (head / 4 > MaxLength)
        {
            throw new FormatException("A text is too long.");
        }

        var bytes = cursor.Bytes((int)(head / 4));
        try
        {
            switch (head % 4)
            {
                case Hex when !bytes.IsEmpty:
                    return Convert.ToHexStringLower(bytes);
                case UnderTrustDomain:
                    return string.Concat(Scheme, trustDomain, Text.GetString(bytes));
                case Utf8:
                    var text = Text.GetString(bytes);
                    return IsHex(text) || IsUnder(trustDomain, text) ? throw new FormatException("A text is not in its canonical form.") : text;
                default:
                    throw new FormatException("Unknown form of a text.");
            }
        }
        catch (DecoderFallbackException exception)
        {
            throw new FormatException("A text is not UTF-8.", exception);
        }
    }

    private static bool IsHex(string text) => text.Length >= 2 && text.Length % 2 == 0 && !text.AsSpan().ContainsAnyExcept(LowercaseHex);

    private static bool IsUnder(string trustDomain, string text)
        => text.Length >= Scheme.Length + trustDomain.Length
            && text.StartsWith(Scheme, StringComparison.Ordinal)
            && text.AsSpan(Scheme.Length).StartsWith(trustDomain, StringComparison.Ordinal);

    private static DateTimeOffset Time(long seconds)
    {
        try
        {
            return DateTimeOffset.FromUnixTimeSeconds(seconds);
        }
        catch (ArgumentOutOfRangeException exception)
        {
            throw new FormatException("A time is out of range.", exception);
        }
    }
}
