using System.Buffers;
using System.Text;

namespace MeshGrains.Bench;

/// <summary>As much of HPACK (RFC 7541) as a load generator needs: literals out, and the gRPC status of an answer that uses no dynamic table.</summary>
internal static class Hpack
{
    private const byte NeverIndexed = 0x10;
    private const byte IncrementalIndexing = 0x40;
    private const byte Indexed = 0x80;
    private const int StaticAuthority = 1;
    private const int StaticMethodPost = 3;
    private const int StaticPath = 4;
    private const int StaticSchemeHttp = 6;
    private const int StaticSchemeHttps = 7;
    private const int StaticAuthorization = 23;
    private const int StaticContentType = 31;
    private const int FirstDynamic = 62;

    /// <summary>
    /// The headers of every call: the first block puts them into the server's dynamic table, as gRPC clients do, and the second refers to them.
    /// </summary>
    public static (byte[] First, byte[] Later) CommonHeaders(bool tls, string authority, string path)
    {
        var first = new ArrayBufferWriter<byte>();
        byte[] pseudo = [Indexed | StaticMethodPost, (byte)(Indexed | (tls ? StaticSchemeHttps : StaticSchemeHttp))];
        first.Write(pseudo);
        Literal(first, IncrementalIndexing, 6, StaticPath, null, path);
        Literal(first, IncrementalIndexing, 6, StaticAuthority, null, authority);
        Literal(first, IncrementalIndexing, 6, StaticContentType, null, "application/grpc");
        Literal(first, IncrementalIndexing, 6, 0, "te", "trailers");

        // The newest entry has the lowest number.
        byte[] later = [.. pseudo, Indexed | (FirstDynamic + 3), Indexed | (FirstDynamic + 2), Indexed | (FirstDynamic + 1), Indexed | FirstDynamic];
        return (first.WrittenSpan.ToArray(), later);
    }

    /// <summary>The <c>authorization</c> header of a bearer token, never indexed.</summary>
    public static byte[] Bearer(string token)
    {
        var block = new ArrayBufferWriter<byte>();
        Literal(block, NeverIndexed, 4, StaticAuthorization, null, "Bearer " + token);
        return block.WrittenSpan.ToArray();
    }

    /// <summary>The gRPC status in a header block, or null when it holds none that is written plainly.</summary>
    public static int? FindStatus(ReadOnlySpan<byte> block)
        => FindPlain(block, "grpc-status"u8) is { IsEmpty: false } text && int.TryParse(text, out var status) ? status : null;

    /// <summary>The <c>grpc-message</c> in a header block; empty when there is none that is written plainly.</summary>
    public static string FindMessage(ReadOnlySpan<byte> block) => Encoding.ASCII.GetString(FindPlain(block, "grpc-message"u8));

    /// <summary>
    /// The value after a plainly written literal name. Servers that were told of an empty dynamic table write literals, and Kestrel writes them
    /// without Huffman coding.
    /// </summary>
    private static ReadOnlySpan<byte> FindPlain(ReadOnlySpan<byte> block, ReadOnlySpan<byte> name)
    {
        var at = block.IndexOf(name);
        if (at < 0)
        {
            return default;
        }

        var rest = block[(at + name.Length)..];
        return TryReadInteger(ref rest, 7, out var length) && length <= rest.Length ? rest[..length] : default;
    }

    private static bool TryReadInteger(ref ReadOnlySpan<byte> from, int prefixBits, out int value)
    {
        value = 0;
        if (from.IsEmpty || from[0] >= 0x80)
        {
            return false;
        }

        var full = (1 << prefixBits) - 1;
        value = from[0] & full;
        from = from[1..];
        for (var shift = 0; value >= full && shift <= 21; shift += 7)
        {
            if (from.IsEmpty)
            {
                return false;
            }

            var next = from[0];
            from = from[1..];
            value += (next & 0x7F) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return value < full;
    }

    private static void Literal(ArrayBufferWriter<byte> block, byte form, int indexBits, int nameIndex, string? name, string value)
    {
        Integer(block, form, indexBits, nameIndex);
        if (name is not null)
        {
            Text(block, name);
        }

        Text(block, value);
    }

    private static void Text(ArrayBufferWriter<byte> block, string text)
    {
        Integer(block, 0, 7, text.Length);
        block.Write(Encoding.ASCII.GetBytes(text));
    }

    private static void Integer(ArrayBufferWriter<byte> block, byte form, int prefixBits, int value)
    {
        var full = (1 << prefixBits) - 1;
        if (value < full)
        {
            block.Write([(byte)(form | value)]);
            return;
        }

        block.Write([(byte)(form | full)]);
        for (value -= full; value >= 0x80; value >>= 7)
        {
            block.Write([(byte)(0x80 | (value & 0x7F))]);
        }

        block.Write([(byte)value]);
    }
}
