namespace MeshGrains.Identity;

/// <summary>The two forms of an ECDSA signature: r||s of fixed width (IEEE P1363, Key Vault, PKCS #11) and the DER of certificates (RFC 3279 section 2.2.3).</summary>
public static class EcdsaSignature
{
    private const int MaxFieldBytes = 66;

    /// <summary>Turns r||s into an ECDSA-Sig-Value.</summary>
    /// <exception cref="ArgumentException">The length is not that of two equal halves of at most 66 bytes.</exception>
    public static byte[] ToDer(ReadOnlySpan<byte> rs)
    {
        if (rs.IsEmpty || rs.Length % 2 != 0 || rs.Length > 2 * MaxFieldBytes)
        {
            throw new ArgumentException("The signature is not r and s of equal width.", nameof(rs));
        }

        var writer = new DerWriter(stackalloc byte[(2 * MaxFieldBytes) + 16]);
        var mark = writer.Position;
        writer.Unsigned(rs[(rs.Length / 2)..]);
        writer.Unsigned(rs[..(rs.Length / 2)]);
        writer.Wrap(DerTag.Sequence, mark);
        return writer.Written.ToArray();
    }
}
