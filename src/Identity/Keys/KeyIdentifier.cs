using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>The key identifier of RFC 7093 method 1: the leftmost 160 bits of the SHA-256 of the subjectPublicKey bits.</summary>
public static class KeyIdentifier
{
    /// <summary>Its length in bytes.</summary>
    public const int Length = 20;

    public static byte[] Of(in PublicKeyInfo key)
    {
        var identifier = new byte[Length];
        Write(key.KeyBits.Span, identifier);
        return identifier;
    }

    /// <summary>An authority's name throughout the product: its key identifier in lower-case hex (40 digits).</summary>
    public static string AuthorityId(in PublicKeyInfo key) => Convert.ToHexStringLower(Of(key));

    internal static void Write(ReadOnlySpan<byte> keyBits, Span<byte> identifier)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(keyBits, hash);
        hash[..Length].CopyTo(identifier);
    }
}
