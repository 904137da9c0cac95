using System.Buffers.Text;

namespace MeshGrains.Bench;

/// <summary>Reads the leaf's serial out of a CreateCertificate reply, touching only the few bytes that hold it.</summary>
internal static class CertificateReply
{
    /// <summary>IstioCertificateResponse.cert_chain, field 1 of wire type 2.</summary>
    private const byte ChainTag = 0x0A;

    /// <summary>The first 48 bytes of a certificate hold its serial number.</summary>
    private const int HeadChars = 64;
    private const int HeadBytes = 48;
    private const byte Sequence = 0x30;
    private const byte ContextVersion = 0xA0;
    private const byte Integer = 0x02;

    /// <summary>The serial number of the first certificate of the chain.</summary>
    /// <exception cref="FormatException">The message is no reply with a certificate.</exception>
    public static UInt128 Serial(ReadOnlySpan<byte> message)
    {
        if (message.IsEmpty || message[0] != ChainTag)
        {
            throw new FormatException("The reply has no certificate chain.");
        }

        return SerialOfPem(message);
    }

    /// <summary>The serial number of the first certificate in a text that holds PEM.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static UInt128 SerialOfPem(ReadOnlySpan<byte> text)
    {
        var label = "-----BEGIN CERTIFICATE-----"u8;
        var start = text.IndexOf(label);
        Span<byte> der = stackalloc byte[HeadBytes];
        if (start < 0 || text.Length < start + label.Length + 1 + HeadChars
            || Base64.DecodeFromUtf8(text.Slice(start + label.Length + 1, HeadChars), der, out _, out var written) != System.Buffers.OperationStatus.Done)
        {
            throw new FormatException("The reply has no PEM certificate.");
        }

        return SerialOfDer(der[..written]);
    }

    /// <summary>Certificate, TBSCertificate, [0] version, serialNumber (RFC 5280 section 4.1).</summary>
    internal static UInt128 SerialOfDer(ReadOnlySpan<byte> der)
    {
        Enter(ref der, Sequence);
        Enter(ref der, Sequence);
        var version = Enter(ref der, ContextVersion);
        der = der[version..];
        var length = Enter(ref der, Integer);
        UInt128 serial = 0;
        foreach (var digit in der[..length])
        {
            serial = (serial << 8) | digit;
        }

        return serial;
    }

    private static int Enter(ref ReadOnlySpan<byte> der, byte tag)
    {
        if (der[0] != tag)
        {
            throw new FormatException("The certificate is not DER.");
        }

        if (der[1] < 0x80)
        {
            var shortLength = der[1];
            der = der[2..];
            return shortLength;
        }

        var octets = der[1] & 0x7F;
        var length = 0;
        foreach (var octet in der.Slice(2, octets))
        {
            length = (length << 8) | octet;
        }

        der = der[(2 + octets)..];
        return length;
    }
}
