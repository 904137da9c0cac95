using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>What each <see cref="SignatureAlgorithm"/> means: its hash, its keys, its AlgorithmIdentifier.</summary>
public static class SignatureAlgorithms
{
    /// <summary>The longest digest of any algorithm here, in bytes.</summary>
    public const int MaxDigestBytes = 64;

    /// <summary>The algorithm that a CA's key of this kind signs with: ECDSA with the hash of the curve's size, RSA PKCS #1 with SHA-256.</summary>
    /// <exception cref="NotSupportedException">No CA here signs with such a key.</exception>
    public static SignatureAlgorithm ForIssuer(KeyKind kind) => kind switch
    {
        KeyKind.P256 => SignatureAlgorithm.EcdsaSha256,
        KeyKind.P384 => SignatureAlgorithm.EcdsaSha384,
        KeyKind.P521 => SignatureAlgorithm.EcdsaSha512,
        KeyKind.Rsa => SignatureAlgorithm.RsaPkcs1Sha256,
        _ => throw new NotSupportedException($"No certificate is signed with a key of kind {kind}."),
    };

    /// <exception cref="NotSupportedException">The algorithm is <see cref="SignatureAlgorithm.Other"/>.</exception>
    public static HashAlgorithmName HashName(this SignatureAlgorithm algorithm) => algorithm switch
    {
        SignatureAlgorithm.EcdsaSha256 or SignatureAlgorithm.RsaPkcs1Sha256 => HashAlgorithmName.SHA256,
        SignatureAlgorithm.EcdsaSha384 or SignatureAlgorithm.RsaPkcs1Sha384 => HashAlgorithmName.SHA384,
        SignatureAlgorithm.EcdsaSha512 or SignatureAlgorithm.RsaPkcs1Sha512 => HashAlgorithmName.SHA512,
        _ => throw new NotSupportedException("The signature algorithm is not one that is handled here."),
    };

    /// <summary>Hashes <paramref name="data"/> into <paramref name="digest"/> (at least <see cref="MaxDigestBytes"/> long); gives the digest's length.</summary>
    public static int Digest(this SignatureAlgorithm algorithm, ReadOnlySpan<byte> data, Span<byte> digest) => algorithm switch
    {
        SignatureAlgorithm.EcdsaSha256 or SignatureAlgorithm.RsaPkcs1Sha256 => SHA256.HashData(data, digest),
        SignatureAlgorithm.EcdsaSha384 or SignatureAlgorithm.RsaPkcs1Sha384 => SHA384.HashData(data, digest),
        SignatureAlgorithm.EcdsaSha512 or SignatureAlgorithm.RsaPkcs1Sha512 => SHA512.HashData(data, digest),
        _ => throw new NotSupportedException("The signature algorithm is not one that is handled here."),
    };

    public static bool IsEcdsa(this SignatureAlgorithm algorithm)
        => algorithm is SignatureAlgorithm.EcdsaSha256 or SignatureAlgorithm.EcdsaSha384 or SignatureAlgorithm.EcdsaSha512;

    public static bool IsRsa(this SignatureAlgorithm algorithm)
        => algorithm is SignatureAlgorithm.RsaPkcs1Sha256 or SignatureAlgorithm.RsaPkcs1Sha384 or SignatureAlgorithm.RsaPkcs1Sha512;

    /// <summary>Reads an AlgorithmIdentifier; an unknown but well-formed one is <see cref="SignatureAlgorithm.Other"/>.</summary>
    internal static bool TryRead(ref DerReader reader, out SignatureAlgorithm algorithm)
    {
        algorithm = SignatureAlgorithm.Other;
        if (!reader.TryEnter(DerTag.Sequence, out var inner) || !inner.TryRead(DerTag.Oid, out ReadOnlySpan<byte> oid))
        {
            return false;
        }

        var found = Find(oid);
        if (found.IsEcdsa())
        {
            // RFC 5758 section 3.2: the parameters are absent.
            algorithm = found;
            return inner.AtEnd;
        }

        if (found.IsRsa())
        {
            // RFC 4055 section 5: the parameters are NULL.
            algorithm = found;
            return inner.TryRead(DerTag.Null, out ReadOnlySpan<byte> nothing) && nothing.IsEmpty && inner.AtEnd;
        }

        return true;
    }

    internal static void Write(ref DerWriter writer, SignatureAlgorithm algorithm)
    {
        var mark = writer.Position;
        if (algorithm.IsRsa())
        {
            writer.Value(DerTag.Null, default);
        }

        writer.Value(DerTag.Oid, OidOf(algorithm));
        writer.Wrap(DerTag.Sequence, mark);
    }

    private static SignatureAlgorithm Find(ReadOnlySpan<byte> oid)
    {
        for (var algorithm = SignatureAlgorithm.EcdsaSha256; algorithm <= SignatureAlgorithm.RsaPkcs1Sha512; algorithm++)
        {
            if (oid.SequenceEqual(OidOf(algorithm)))
            {
                return algorithm;
            }
        }

        return SignatureAlgorithm.Other;
    }

    private static ReadOnlySpan<byte> OidOf(SignatureAlgorithm algorithm) => algorithm switch
    {
        SignatureAlgorithm.EcdsaSha256 => Oid.EcdsaSha256,
        SignatureAlgorithm.EcdsaSha384 => Oid.EcdsaSha384,
        SignatureAlgorithm.EcdsaSha512 => Oid.EcdsaSha512,
        SignatureAlgorithm.RsaPkcs1Sha256 => Oid.RsaSha256,
        SignatureAlgorithm.RsaPkcs1Sha384 => Oid.RsaSha384,
        SignatureAlgorithm.RsaPkcs1Sha512 => Oid.RsaSha512,
        _ => throw new NotSupportedException("The signature algorithm is not one that is handled here."),
    };
}
