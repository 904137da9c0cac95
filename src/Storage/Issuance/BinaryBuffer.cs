namespace MeshGrains.Storage;

/// <summary>A growing buffer of bytes that is kept and used again. Numbers are LEB128, signed ones in zigzag order.</summary>
internal sealed class BinaryBuffer(int capacity)
{
    private byte[] _bytes = new byte[capacity];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public int Capacity => _bytes.Length;

    public void Clear() => Length = 0;

    public void Byte(byte value)
    {
        Reserve(1)[0] = value;
        Length++;
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Reserve(value.Length));
        Length += value.Length;
    }

    public void Unsigned(ulong value)
    {
        var room = Reserve(10);
        var count = 0;
        while (value >= 0x80)
        {
            room[count++] = (byte)(value | 0x80);
            value >>= 7;
        }

        room[count++] = (byte)value;
        Length += count;
    }

    public void Signed(long value) => Unsigned((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>At least <paramref name="count"/> bytes of room after what is written; tell what was used with <see cref="Advance"/>.</summary>
    public Span<byte> Reserve(int count)
    {
        if (_bytes.Length - Length < count)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + count));
        }

        return _bytes.AsSpan(Length);
    }

    public void Advance(int count) => Length += count;
}
