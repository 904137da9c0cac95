using System.Buffers.Binary;
using System.Text;

namespace MeshGrains.Identity;

/// <summary>
/// Writes DER from the end of a buffer to its front, so that each length is known when its turn comes. What shall stand last is written first.
/// The buffer must be large enough: running out of it is the caller's mistake and throws.
/// </summary>
internal ref struct DerWriter
{
    /// <summary>The longest tag and length that are written.</summary>
    public const int MaxHeadBytes = 5;

    private readonly Span<byte> _buffer;

    public DerWriter(Span<byte> buffer)
    {
        _buffer = buffer;
        Position = buffer.Length;
    }

    /// <summary>Where the written part begins; keep it to wrap what is written from now on.</summary>
    public int Position { get; private set; }

    public readonly ReadOnlySpan<byte> Written => _buffer[Position..];

    /// <summary>Puts bytes that are DER already.</summary>
    public void Raw(scoped ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    /// <summary>Puts tag and length before everything written since <paramref name="mark"/> was the position.</summary>
    public void Wrap(byte tag, int mark)
    {
        Span<byte> head = stackalloc byte[MaxHeadBytes];
        Raw(head[..WriteHead(tag, mark - Position, head)]);
    }

    /// <summary>Writes tag and length at the front of <paramref name="head"/>; gives how many bytes they take.</summary>
    public static int WriteHead(byte tag, int contentLength, Span<byte> head)
    {
        head[0] = tag;
        switch (contentLength)
        {
            case < 0x80:
                head[1] = (byte)contentLength;
                return 2;
            case <= 0xFF:
                head[1] = 0x81;
                head[2] = (byte)contentLength;
                return 3;
            case <= 0xFFFF:
                head[1] = 0x82;
                BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)contentLength);
                return 4;
            default:
                ArgumentOutOfRangeException.ThrowIfGreaterThan(contentLength, 0xFFFFFF);
                head[1] = 0x83;
                head[2] = (byte)(contentLength >> 16);
                BinaryPrimitives.WriteUInt16BigEndian(head[3..], (ushort)contentLength);
                return 5;
        }
    }

    public void Value(byte tag, scoped ReadOnlySpan<byte> content)
    {
        var mark = Position;
        Raw(content);
        Wrap(tag, mark);
    }

    /// <summary>A string of ASCII characters under the given tag.</summary>
    public void Ascii(byte tag, string text)
    {
        var mark = Position;
        Encoding.ASCII.GetBytes(text, Take(text.Length));
        Wrap(tag, mark);
    }

    /// <summary>An INTEGER that is not negative, from its big-endian magnitude.</summary>
    public void Unsigned(scoped ReadOnlySpan<byte> magnitude)
    {
        var trimmed = magnitude.TrimStart((byte)0);
        var mark = Position;
        Raw(trimmed);
        if (trimmed.IsEmpty || trimmed[0] >= 0x80)
        {
            Take(1)[0] = 0;
        }

        Wrap(DerTag.Integer, mark);
    }

    /// <summary>A BIT STRING of whole bytes.</summary>
    public void BitString(scoped ReadOnlySpan<byte> bits)
    {
        var mark = Position;
        Raw(bits);
        Take(1)[0] = 0;
        Wrap(DerTag.BitString, mark);
    }

    private Span<byte> Take(int count)
    {
        Position -= count;
        return _buffer.Slice(Position, count);
    }
}
