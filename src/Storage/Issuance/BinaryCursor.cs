namespace MeshGrains.Storage;

/// <summary>Reads what <see cref="BinaryBuffer"/> wrote; anything malformed or not in canonical form is a <see cref="FormatException"/>.</summary>
internal ref struct BinaryCursor(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool AtEnd => _rest.IsEmpty;

    public readonly int Remaining => _rest.Length;

    public byte Byte()
    {
        var value = Bytes(1)[0];
        return value;
    }

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count < 0 || count > _rest.Length)
        {
            throw new FormatException("The record ends too early.");
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    public ulong Unsigned()
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = Byte();
            if (shift == 63 && next > 1)
            {
                throw new FormatException("A number is too large.");
            }

            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return next == 0 && shift > 0 ? throw new FormatException("A number is not in its shortest form.") : value;
            }
        }
    }

    public long Signed()
    {
        var value = Unsigned();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public int Length()
    {
        var value = Unsigned();
        return value > (ulong)_rest.Length ? throw new FormatException("A length points past the end.") : (int)value;
    }

}
