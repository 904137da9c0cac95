using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Identity;

/// <summary>Reads several certificates from one PEM text (RFC 7468), within bounds. Text between the blocks is skipped, as tools write some there.</summary>
public static class PemBundle
{
    /// <summary>The longest text that is read, in characters.</summary>
    public const int MaxChars = 1024 * 1024;

    /// <summary>The most certificates that are read.</summary>
    public const int MaxCertificates = 512;

    /// <param name="pem">The text: at least one CERTIFICATE block and no block of another kind.</param>
    /// <param name="certificates">The certificates in their order, null on failure.</param>
    /// <param name="error">Why not, null on success. It never quotes what a block holds.</param>
    public static bool TryRead(
        ReadOnlySpan<char> pem, [NotNullWhen(true)] out IReadOnlyList<ParsedCertificate>? certificates, [NotNullWhen(false)] out string? error)
    {
        certificates = null;
        if (pem.Length > MaxChars)
        {
            error = $"The PEM text has {pem.Length} characters; at most {MaxChars} are read.";
            return false;
        }

        var found = new List<ParsedCertificate>();
        error = ReadAll(pem, found);
        if (error is null && found.Count == 0)
        {
            error = "There is no certificate in the PEM text; one starts with '-----BEGIN CERTIFICATE-----'.";
        }

        certificates = error is null ? found : null;
        return error is null;
    }

    private static string? ReadAll(ReadOnlySpan<char> pem, List<ParsedCertificate> found)
    {
        while (true)
        {
            var start = pem.IndexOf("-----BEGIN ", StringComparison.Ordinal);
            if (start < 0)
            {
                return null;
            }

            pem = pem[start..];
            if (!PemReader.TryReadBlock(ref pem, out var label, out var der, out var error))
            {
                return error;
            }

            if (label != "CERTIFICATE")
            {
                return "The PEM text holds a block that is not a CERTIFICATE.";
            }

            if (found.Count == MaxCertificates)
            {
                return $"The PEM text holds more than {MaxCertificates} certificates.";
            }

            if (!ParsedCertificate.TryRead(der, out var certificate, out error))
            {
                return $"Certificate {found.Count + 1} of the PEM text: {error}";
            }

            found.Add(certificate);
        }
    }
}
