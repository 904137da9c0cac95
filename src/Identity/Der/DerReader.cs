namespace MeshGrains.Identity;

/// <summary>
/// Reads DER (X.690) strictly and without exceptions: low tag numbers, definite lengths in their shortest form, nothing past the end.
/// Positions are offsets into the one buffer that outer and inner readers share, so that callers can slice what they keep.
/// </summary>
internal ref struct DerReader
{
    private readonly ReadOnlySpan<byte> _buffer;
    private readonly int _end;

    public DerReader(ReadOnlySpan<byte> buffer)
        : this(buffer, 0, buffer.Length)
    {
    }

    private DerReader(ReadOnlySpan<byte> buffer, int start, int end)
    {
        _buffer = buffer;
        Position = start;
        _end = end;
    }

    public int Position { get; private set; }

    public readonly bool AtEnd => Position == _end;

    /// <summary>True when the next value has this tag.</summary>
    public readonly bool Sees(byte tag) => Position < _end && _buffer[Position] == tag;

    /// <summary>Reads one value of this tag and gives a reader over its contents.</summary>
    public bool TryEnter(byte tag, out DerReader inner)
    {
        if (TryReadAny(out var found, out var content) && found == tag)
        {
            inner = new DerReader(_buffer, content.Start.Value, content.End.Value);
            return true;
        }

        inner = default;
        return false;
    }

    /// <summary>Reads one value of this tag; the range is that of its contents.</summary>
    public bool TryRead(byte tag, out Range content) => TryReadAny(out var found, out content) && found == tag;

    /// <summary>Reads one value of this tag; the span holds its contents.</summary>
    public bool TryRead(byte tag, out ReadOnlySpan<byte> content)
    {
        var read = TryRead(tag, out Range range);
        content = read ? _buffer[range] : default;
        return read;
    }

    /// <summary>Reads one value of this tag; the range is that of the whole value, tag and length included.</summary>
    public bool TryReadWhole(byte tag, out Range whole)
    {
        var start = Position;
        var read = TryRead(tag, out Range content);
        whole = read ? start..content.End.Value : default;
        return read;
    }

    /// <summary>Reads one value of any tag; the range is that of its contents.</summary>
    public bool TryReadAny(out byte tag, out Range content)
    {
        tag = 0;
        content = default;
        if (_end - Position < 2 || (_buffer[Position] & 0x1F) == 0x1F)
        {
            return false;
        }

        tag = _buffer[Position];
        var start = Position + 2;
        int length = _buffer[Position + 1];
        if (length >= 0x80 && !TryReadLongLength(length & 0x7F, ref start, out length))
        {
            return false;
        }

        if (length > _end - start)
        {
            return false;
        }

        Position = start + length;
        content = start..Position;
        return true;
    }

    /// <summary>Reads one value of any tag, with both the range and the bytes of its contents.</summary>
    public bool TryReadAny(out byte tag, out Range range, out ReadOnlySpan<byte> content)
    {
        var read = TryReadAny(out tag, out range);
        content = read ? _buffer[range] : default;
        return read;
    }

    /// <summary>Reads a BOOLEAN, which DER writes as 00 or FF.</summary>
    public bool TryReadBoolean(out bool value)
    {
        value = false;
        if (!TryRead(DerTag.Boolean, out ReadOnlySpan<byte> content) || content.Length != 1 || content[0] is not (0x00 or 0xFF))
        {
            return false;
        }

        value = content[0] == 0xFF;
        return true;
    }

    /// <summary>Reads an INTEGER in its shortest form; the range is that of its two's complement bytes.</summary>
    public bool TryReadInteger(out Range content)
    {
        if (!TryRead(DerTag.Integer, out content))
        {
            return false;
        }

        var bytes = _buffer[content];
        var padded = bytes.Length > 1 && ((bytes[0] == 0x00 && bytes[1] < 0x80) || (bytes[0] == 0xFF && bytes[1] >= 0x80));
        return bytes.Length > 0 && !padded;
    }

    /// <summary>Reads an INTEGER of 0 to 2^31-1.</summary>
    public bool TryReadInt32(out int value)
    {
        value = 0;
        if (!TryReadInteger(out var content))
        {
            return false;
        }

        var bytes = _buffer[content];
        if (bytes[0] >= 0x80 || bytes.Length > 4)
        {
            return false;
        }

        foreach (var b in bytes)
        {
            value = (value << 8) | b;
        }

        return true;
    }

    /// <summary>Reads an INTEGER that is not negative; the range is that of its magnitude without the sign byte.</summary>
    public bool TryReadUnsigned(out Range magnitude)
    {
        if (!TryReadInteger(out magnitude) || _buffer[magnitude.Start.Value] >= 0x80)
        {
            return false;
        }

        var start = magnitude.Start.Value;
        var length = magnitude.End.Value - start;
        magnitude = _buffer[start] == 0 && length > 1 ? (start + 1)..magnitude.End : magnitude;
        return true;
    }

    /// <summary>Reads a BIT STRING of whole bytes; the range is that of those bytes.</summary>
    public bool TryReadBitString(out Range bits)
    {
        if (!TryRead(DerTag.BitString, out bits) || bits.Start.Value == bits.End.Value || _buffer[bits.Start.Value] != 0)
        {
            return false;
        }

        bits = (bits.Start.Value + 1)..bits.End;
        return true;
    }

    /// <summary>Reads a BIT STRING of named bits (trailing zeros dropped, X.690 11.2.2), at most 16; bit 0 is the highest of the result.</summary>
    public bool TryReadNamedBits(out ushort value)
    {
        value = 0;
        if (!TryRead(DerTag.BitString, out ReadOnlySpan<byte> content) || content.Length is < 1 or > 3 || content[0] > 7)
        {
            return false;
        }

        var unused = content[0];
        var bytes = content[1..];
        if (bytes.IsEmpty)
        {
            return unused == 0;
        }

        if ((bytes[^1] & ((1 << unused) - 1)) != 0 || (bytes[^1] & (1 << unused)) == 0)
        {
            return false;
        }

        value = (ushort)((bytes[0] << 8) | (bytes.Length > 1 ? bytes[1] : 0));
        return true;
    }

    private readonly bool TryReadLongLength(int count, ref int start, out int length)
    {
        length = 0;
        if (count is 0 or > 3 || count > _end - start)
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            length = (length << 8) | _buffer[start + i];
        }

        var shortest = count == 1 ? 0x80 : 1 << (8 * (count - 1));
        start += count;
        return length >= shortest;
    }
}
