using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Identity;

/// <summary>The PEM form of a certificate request (RFC 7468 section 7): exactly one block, labelled "CERTIFICATE REQUEST" or "NEW CERTIFICATE REQUEST".</summary>
public static class CsrPem
{
    private const string Label = "CERTIFICATE REQUEST";
    private const string OldLabel = "NEW CERTIFICATE REQUEST";

    /// <summary>The longest text that is read, in characters: the base64 of <see cref="CertificateSigningRequest.MaxDerBytes"/> with room for lines and labels.</summary>
    public const int MaxChars = 2 * CertificateSigningRequest.MaxDerBytes;

    public static string Encode(ReadOnlySpan<byte> der) => PemWriter.Encode(Label, der);

    /// <inheritdoc cref="TryDecode(ReadOnlySpan{char}, out byte[], out string)"/>
    public static bool TryDecode(ReadOnlySpan<byte> utf8Pem, [NotNullWhen(true)] out byte[]? der, [NotNullWhen(false)] out string? error)
    {
        if (utf8Pem.Length > MaxChars)
        {
            return TooLong(utf8Pem.Length, out der, out error);
        }

        Span<char> text = new char[utf8Pem.Length];
        for (var i = 0; i < text.Length; i++)
        {
            // PEM is ASCII. Any other byte becomes a character that no base64 holds.
            text[i] = utf8Pem[i] < 0x80 ? (char)utf8Pem[i] : '\uFFFD';
        }

        return TryDecode(text, out der, out error);
    }

    /// <param name="pem">The text; white space around the block is allowed, a second block or other words are not.</param>
    /// <param name="der">The block's bytes, not yet looked at; null on failure.</param>
    /// <param name="error">Why not, null on success.</param>
    public static bool TryDecode(ReadOnlySpan<char> pem, [NotNullWhen(true)] out byte[]? der, [NotNullWhen(false)] out string? error)
    {
        if (pem.Length > MaxChars)
        {
            return TooLong(pem.Length, out der, out error);
        }

        if (!PemReader.TryReadBlock(ref pem, out var label, out der, out error))
        {
            error ??= "There is no PEM block; a certificate request starts with '-----BEGIN CERTIFICATE REQUEST-----'.";
            return false;
        }

        if (label is not (Label or OldLabel))
        {
            error = "The PEM block is not a CERTIFICATE REQUEST.";
        }
        else if (!pem.IsWhiteSpace())
        {
            error = "There is something after the certificate request; exactly one PEM block is read.";
        }

        der = error is null ? der : null;
        return der is not null;
    }

    private static bool TooLong(int length, out byte[]? der, out string? error)
    {
        der = null;
        error = $"The PEM text has {length} characters; at most {MaxChars} are read.";
        return false;
    }
}
