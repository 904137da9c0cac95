using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>
/// Writes certificate revocation lists (RFC 5280 section 5: version 2, authority key identifier, CRL number, reasons where there are any) in the two halves
/// between which a KMS signs. The same profile always gives the same bytes.
/// </summary>
public static class CrlWriter
{
    /// <summary>The most certificates on one list.</summary>
    public const int MaxRevoked = 100_000;

    private const int FixedBytes = 256;
    private const int PerCertificateBytes = 64;
    private const int MaxSerialBytes = 20;
    private const byte Enumerated = 0x0A;

    /// <summary>The part to be signed (TBSCertList), as DER. Certificates are sorted by serial number.</summary>
    /// <exception cref="ArgumentException">The times are empty, the number is not positive, or a serial is none, too long or there twice.</exception>
    public static byte[] BuildTbs(CrlProfile profile)
    {
        ArgumentNullException.ThrowIfNull(profile);
        if (profile.ThisUpdate >= profile.NextUpdate || profile.Number <= 0)
        {
            throw new ArgumentException($"The number is not positive, or the time from {profile.ThisUpdate:u} to {profile.NextUpdate:u} is empty.", nameof(profile));
        }

        var lines = Sorted(profile.Revoked);
        var writer = new DerWriter(new byte[FixedBytes + profile.IssuerName.Length + profile.IssuerKeyIdentifier.Length + (lines.Count * PerCertificateBytes)]);
        var end = writer.Position;
        WriteExtensions(ref writer, profile);
        WriteRevoked(ref writer, lines);
        DerTime.Write(ref writer, profile.NextUpdate);
        DerTime.Write(ref writer, profile.ThisUpdate);
        writer.Raw(profile.IssuerName.Span);
        SignatureAlgorithms.Write(ref writer, profile.SignatureAlgorithm);
        writer.Unsigned([1]);
        writer.Wrap(DerTag.Sequence, end);
        return writer.Written.ToArray();
    }

    /// <summary>The whole list as DER. For ECDSA the signature is the DER ECDSA-Sig-Value.</summary>
    public static byte[] Assemble(ReadOnlySpan<byte> tbs, SignatureAlgorithm algorithm, ReadOnlySpan<byte> signature) => SignedDer.Assemble(tbs, algorithm, signature);

    /// <summary>The list of an issuing CA, signed with its key.</summary>
    /// <exception cref="ArgumentException">As for <see cref="BuildTbs"/>.</exception>
    /// <exception cref="ObjectDisposedException">The key is gone.</exception>
    public static byte[] Sign(Issuer issuer, long number, DateTimeOffset thisUpdate, DateTimeOffset nextUpdate, IReadOnlyList<RevokedCertificate> revoked)
    {
        ArgumentNullException.ThrowIfNull(issuer);
        var tbs = BuildTbs(CrlProfile.Of(issuer.Certificate, SignatureAlgorithm.EcdsaSha256, number, thisUpdate, nextUpdate, revoked));
        Span<byte> signature = stackalloc byte[IssuerKey.MaxSignatureBytes];
        var length = issuer.Key.SignDigest(SHA256.HashData(tbs), signature);
        return Assemble(tbs, SignatureAlgorithm.EcdsaSha256, signature[..length]);
    }

    private static List<(byte[] Serial, RevokedCertificate Certificate)> Sorted(IReadOnlyList<RevokedCertificate> revoked)
    {
        if (revoked.Count > MaxRevoked)
        {
            throw new ArgumentException($"{revoked.Count} certificates are too many for one list; at most {MaxRevoked} go on it.", nameof(revoked));
        }

        var lines = revoked.Select(certificate => (Serial: SerialOf(certificate), certificate)).ToList();
        lines.Sort(static (a, b) => a.Serial.Length != b.Serial.Length ? a.Serial.Length.CompareTo(b.Serial.Length) : a.Serial.AsSpan().SequenceCompareTo(b.Serial));
        for (var i = 1; i < lines.Count; i++)
        {
            if (lines[i].Serial.AsSpan().SequenceEqual(lines[i - 1].Serial))
            {
                throw new ArgumentException($"The serial number {lines[i].certificate.Serial} is there twice.", nameof(revoked));
            }
        }

        return lines;
    }

    private static byte[] SerialOf(RevokedCertificate certificate)
    {
        try
        {
            var text = certificate.Serial;
            byte[] serial = [.. Convert.FromHexString(text.Length % 2 == 0 ? text : $"0{text}").AsSpan().TrimStart((byte)0)];
            if (serial.Length is > 0 and <= MaxSerialBytes)
            {
                return serial;
            }
        }
        catch (FormatException)
        {
            // Told below.
        }

        throw new ArgumentException($"'{certificate.Serial}' is no serial number of 1 to {MaxSerialBytes} bytes in hex.", nameof(certificate));
    }

    private static void WriteRevoked(ref DerWriter writer, List<(byte[] Serial, RevokedCertificate Certificate)> lines)
    {
        // A list of nobody leaves the field out.
        if (lines.Count == 0)
        {
            return;
        }

        var all = writer.Position;
        for (var i = lines.Count - 1; i >= 0; i--)
        {
            var (serial, certificate) = lines[i];
            var mark = writer.Position;
            if (certificate.Reason != CrlReason.Unspecified)
            {
                writer.Value(Enumerated, [(byte)certificate.Reason]);
                ExtensionWriter.Finish(ref writer, mark, Oid.CrlReason, critical: false);
                writer.Wrap(DerTag.Sequence, mark);
            }

            DerTime.Write(ref writer, Validity.WholeSeconds(certificate.RevokedAt));
            writer.Unsigned(serial);
            writer.Wrap(DerTag.Sequence, mark);
        }

        writer.Wrap(DerTag.Sequence, all);
    }

    private static void WriteExtensions(ref DerWriter writer, CrlProfile profile)
    {
        var mark = writer.Position;
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(number, profile.Number);
        writer.Unsigned(number);
        ExtensionWriter.Finish(ref writer, mark, Oid.CrlNumber, critical: false);
        ExtensionWriter.AuthorityKeyIdentifier(ref writer, profile.IssuerKeyIdentifier.Span);
        writer.Wrap(DerTag.Sequence, mark);
        writer.Wrap(DerTag.ContextConstructed(0), mark);
    }
}
