using System.Buffers.Binary;

namespace MeshGrains.Identity;

/// <summary>A serial number of our own certificates: 128 bits, never zero. As text it is lower-case hex without leading zero bytes, just as
/// <see cref="ParsedCertificate.SerialHex"/> gives it.</summary>
public readonly record struct SerialNumber
{
    /// <summary>The bytes of a serial number.</summary>
    public const int Length = 16;

    private readonly UInt128 _value;

    /// <exception cref="ArgumentOutOfRangeException">The value is zero (RFC 5280 section 4.1.2.2 wants it positive).</exception>
    public SerialNumber(UInt128 value)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(value, UInt128.Zero);
        _value = value;
    }

    public UInt128 Value => _value;

    /// <summary>From 16 bytes, the highest first.</summary>
    public static SerialNumber FromBytes(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        return new SerialNumber(BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    /// <summary>Writes the 16 bytes, the highest first.</summary>
    public void WriteBytes(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, _value);

    public byte[] ToBytes()
    {
        var bytes = new byte[Length];
        WriteBytes(bytes);
        return bytes;
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        WriteBytes(bytes);
        return Convert.ToHexStringLower(bytes.TrimStart((byte)0));
    }
}
