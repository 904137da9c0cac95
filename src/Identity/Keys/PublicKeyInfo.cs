using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>
/// A SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) read strictly. EC keys are named curves with an uncompressed point of the right length;
/// whether the point lies on its curve shows when it is used. Well-formed keys that are not handled read as <see cref="KeyKind.Other"/>.
/// </summary>
public readonly struct PublicKeyInfo
{
    private readonly ReadOnlyMemory<byte> _modulus;
    private readonly ReadOnlyMemory<byte> _exponent;

    private PublicKeyInfo(
        ReadOnlyMemory<byte> der, ReadOnlyMemory<byte> keyBits, KeyKind kind, int sizeBits, ReadOnlyMemory<byte> modulus, ReadOnlyMemory<byte> exponent)
    {
        Der = der;
        KeyBits = keyBits;
        Kind = kind;
        SizeBits = sizeBits;
        _modulus = modulus;
        _exponent = exponent;
    }

    public KeyKind Kind { get; }

    /// <summary>The whole SubjectPublicKeyInfo.</summary>
    public ReadOnlyMemory<byte> Der { get; }

    /// <summary>The contents of subjectPublicKey: the uncompressed point (04 x y) of an EC key, the RSAPublicKey of an RSA key.</summary>
    public ReadOnlyMemory<byte> KeyBits { get; }

    /// <summary>The size of the field or modulus in bits; 0 for <see cref="KeyKind.Other"/>.</summary>
    public int SizeBits { get; }

    /// <summary>An RSA key's modulus, big-endian without a sign byte; empty for other kinds.</summary>
    public ReadOnlyMemory<byte> RsaModulus => _modulus;

    /// <summary>An RSA key's public exponent, big-endian; empty for other kinds.</summary>
    public ReadOnlyMemory<byte> RsaExponent => _exponent;

    /// <summary>True for an RSA key whose public exponent is 65537.</summary>
    public bool HasUsualExponent => _exponent.Span is [0x01, 0x00, 0x01];

    public static bool TryRead(ReadOnlyMemory<byte> der, out PublicKeyInfo key, [NotNullWhen(false)] out string? error)
    {
        var reader = new DerReader(der.Span);
        if (TryRead(ref reader, der, out key) && reader.AtEnd)
        {
            error = null;
            return true;
        }

        error = "The public key is not a well-formed SubjectPublicKeyInfo.";
        return false;
    }

    /// <summary>The key of .NET's own class.</summary>
    /// <exception cref="CryptographicException">The point is not on the curve, or the modulus is refused.</exception>
    /// <exception cref="NotSupportedException">The kind is not an EC kind.</exception>
    public ECDsa ToECDsa()
    {
        var curve = Kind switch
        {
            KeyKind.P256 => ECCurve.NamedCurves.nistP256,
            KeyKind.P384 => ECCurve.NamedCurves.nistP384,
            KeyKind.P521 => ECCurve.NamedCurves.nistP521,
            _ => throw new NotSupportedException($"A key of kind {Kind} is no EC key."),
        };
        var half = (KeyBits.Length - 1) / 2;
        var point = new ECPoint { X = KeyBits.Slice(1, half).ToArray(), Y = KeyBits[(1 + half)..].ToArray() };
        return ECDsa.Create(new ECParameters { Curve = curve, Q = point });
    }

    /// <inheritdoc cref="ToECDsa"/>
    public RSA ToRsa()
        => Kind == KeyKind.Rsa
            ? RSA.Create(new RSAParameters { Modulus = _modulus.ToArray(), Exponent = _exponent.ToArray() })
            : throw new NotSupportedException($"A key of kind {Kind} is no RSA key.");

    /// <summary>Reads one SubjectPublicKeyInfo out of <paramref name="source"/>, the memory that the reader runs over.</summary>
    internal static bool TryRead(ref DerReader reader, ReadOnlyMemory<byte> source, out PublicKeyInfo key)
    {
        key = default;
        var start = reader.Position;
        if (!reader.TryEnter(DerTag.Sequence, out var inner)
            || !inner.TryEnter(DerTag.Sequence, out var algorithm)
            || !algorithm.TryRead(DerTag.Oid, out ReadOnlySpan<byte> oid)
            || !inner.TryReadBitString(out var bits)
            || !inner.AtEnd)
        {
            return false;
        }

        var der = source[start..reader.Position];
        var keyBits = source[bits];
        if (oid.SequenceEqual(Oid.Rsa) && IsNullOnly(algorithm) && TryReadRsa(bits, source, out var modulus, out var exponent, out var size))
        {
            key = new PublicKeyInfo(der, keyBits, KeyKind.Rsa, size, modulus, exponent);
            return true;
        }

        var (kind, sizeBits) = KindOf(oid, algorithm, keyBits.Span);
        key = new PublicKeyInfo(der, keyBits, kind, sizeBits, default, default);
        return true;
    }

    private static (KeyKind Kind, int Bits) KindOf(ReadOnlySpan<byte> oid, DerReader parameters, ReadOnlySpan<byte> keyBits)
    {
        if (oid.SequenceEqual(Oid.Ed25519) && parameters.AtEnd && keyBits.Length == 32)
        {
            return (KeyKind.Ed25519, 256);
        }

        if (!oid.SequenceEqual(Oid.EcPublicKey) || !parameters.TryRead(DerTag.Oid, out ReadOnlySpan<byte> curve) || !parameters.AtEnd
            || keyBits.IsEmpty || keyBits[0] != 0x04)
        {
            return (KeyKind.Other, 0);
        }

        return keyBits.Length switch
        {
            65 when curve.SequenceEqual(Oid.P256) => (KeyKind.P256, 256),
            97 when curve.SequenceEqual(Oid.P384) => (KeyKind.P384, 384),
            133 when curve.SequenceEqual(Oid.P521) => (KeyKind.P521, 521),
            _ => (KeyKind.Other, 0),
        };
    }

    private static bool IsNullOnly(DerReader parameters)
        => parameters.TryRead(DerTag.Null, out ReadOnlySpan<byte> content) && content.IsEmpty && parameters.AtEnd;

    private static bool TryReadRsa(
        Range bits, ReadOnlyMemory<byte> source, out ReadOnlyMemory<byte> modulus, out ReadOnlyMemory<byte> exponent, out int size)
    {
        (modulus, exponent, size) = (default, default, 0);
        var keyBits = source[bits];
        var outer = new DerReader(keyBits.Span);
        if (!outer.TryEnter(DerTag.Sequence, out var inner) || !outer.AtEnd
            || !inner.TryReadUnsigned(out var n) || !inner.TryReadUnsigned(out var e) || !inner.AtEnd)
        {
            return false;
        }

        modulus = keyBits[n];
        exponent = keyBits[e];
        size = ((modulus.Length - 1) * 8) + BitOperations.Log2(modulus.Span[0]) + 1;

        // Bounds that keep a verification cheap whoever made the key; an even modulus or exponent is no RSA key at all.
        return size is >= 2048 and <= 8192 && (modulus.Span[^1] & 1) == 1
            && exponent.Length <= 4 && (exponent.Span[^1] & 1) == 1 && (exponent.Length > 1 || exponent.Span[0] > 1);
    }
}
