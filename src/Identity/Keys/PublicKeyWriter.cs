namespace MeshGrains.Identity;

/// <summary>Makes a SubjectPublicKeyInfo from the numbers that JWKs, KMSs and tokens give.</summary>
public static class PublicKeyWriter
{
    /// <summary>The DER of an EC key on a named curve (RFC 5480). Whether the point lies on the curve is not looked at.</summary>
    /// <param name="kind">P-256, P-384 or P-521.</param>
    /// <param name="x">Big-endian, of the field's full width.</param>
    /// <param name="y">Big-endian, of the field's full width.</param>
    /// <exception cref="ArgumentException">The kind is no EC kind, or a coordinate has another width.</exception>
    public static byte[] Ec(KeyKind kind, ReadOnlySpan<byte> x, ReadOnlySpan<byte> y)
    {
        var (curve, width) = kind switch
        {
            KeyKind.P256 => (Oid.P256.ToArray(), 32),
            KeyKind.P384 => (Oid.P384.ToArray(), 48),
            KeyKind.P521 => (Oid.P521.ToArray(), 66),
            _ => throw new ArgumentException($"A key of kind {kind} is no EC key.", nameof(kind)),
        };
        if (x.Length != width || y.Length != width)
        {
            throw new ArgumentException($"A coordinate of {kind} has {width} bytes.", nameof(x));
        }

        var writer = new DerWriter(stackalloc byte[256]);
        var end = writer.Position;
        writer.BitString([0x04, .. x, .. y]);
        var mark = writer.Position;
        writer.Value(DerTag.Oid, curve);
        writer.Value(DerTag.Oid, Oid.EcPublicKey);
        writer.Wrap(DerTag.Sequence, mark);
        writer.Wrap(DerTag.Sequence, end);
        return writer.Written.ToArray();
    }

    /// <summary>The DER of an RSA key (RFC 3279 section 2.3.1).</summary>
    /// <param name="modulus">Big-endian; leading zeros are dropped.</param>
    /// <param name="exponent">Big-endian; leading zeros are dropped.</param>
    public static byte[] Rsa(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(modulus.Length, 4096);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(exponent.Length, 4096);
        var writer = new DerWriter(new byte[modulus.Length + exponent.Length + 64]);
        var end = writer.Position;
        writer.Unsigned(exponent);
        writer.Unsigned(modulus);
        writer.Wrap(DerTag.Sequence, end);
        var bits = writer.Written.ToArray();

        writer = new DerWriter(new byte[bits.Length + 64]);
        end = writer.Position;
        writer.BitString(bits);
        var mark = writer.Position;
        writer.Value(DerTag.Null, default);
        writer.Value(DerTag.Oid, Oid.Rsa);
        writer.Wrap(DerTag.Sequence, mark);
        writer.Wrap(DerTag.Sequence, end);
        return writer.Written.ToArray();
    }
}
