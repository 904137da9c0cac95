using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace MeshGrains.Identity;

/// <summary>Writes PEM (RFC 7468): lines of 64 characters ending in LF, the last line too.</summary>
public static class PemWriter
{
    private const int LineBytes = 48;
    private const int LineChars = 64;

    /// <summary>One CERTIFICATE block as text.</summary>
    public static string EncodeCertificate(ReadOnlySpan<byte> der) => Encode("CERTIFICATE", der);

    /// <summary>One CERTIFICATE block after another, as text.</summary>
    public static string EncodeCertificates(IEnumerable<ReadOnlyMemory<byte>> ders)
    {
        ArgumentNullException.ThrowIfNull(ders);
        var text = new StringBuilder();
        foreach (var der in ders)
        {
            text.Append(EncodeCertificate(der.Span));
        }

        return text.ToString();
    }

    /// <summary>One block as text.</summary>
    public static string Encode(string label, ReadOnlySpan<byte> der)
    {
        var length = EncodedLength(label, der.Length);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            WriteUtf8(label, der, buffer);
            return Encoding.ASCII.GetString(buffer, 0, length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    /// <summary>The length of a block with <paramref name="derLength"/> bytes in it.</summary>
    public static int EncodedLength(string label, int derLength)
    {
        ArgumentNullException.ThrowIfNull(label);
        var base64 = Base64.GetMaxEncodedToUtf8Length(derLength);
        var lines = (base64 + LineChars - 1) / LineChars;
        return "-----BEGIN -----\n-----END -----\n".Length + (2 * label.Length) + base64 + lines;
    }

    /// <summary>Writes one block into <paramref name="destination"/> (at least <see cref="EncodedLength"/> long); gives the number of bytes.</summary>
    public static int WriteUtf8(string label, ReadOnlySpan<byte> der, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(label);
        var at = Line(destination, 0, "-----BEGIN "u8, label);
        while (!der.IsEmpty)
        {
            var line = der[..Math.Min(LineBytes, der.Length)];
            Base64.EncodeToUtf8(line, destination[at..], out _, out var written);
            at += written;
            destination[at++] = (byte)'\n';
            der = der[line.Length..];
        }

        return Line(destination, at, "-----END "u8, label);
    }

    private static int Line(Span<byte> destination, int at, ReadOnlySpan<byte> head, string label)
    {
        head.CopyTo(destination[at..]);
        at += head.Length;
        at += Encoding.ASCII.GetBytes(label, destination[at..]);
        "-----\n"u8.CopyTo(destination[at..]);
        return at + "-----\n"u8.Length;
    }
}
