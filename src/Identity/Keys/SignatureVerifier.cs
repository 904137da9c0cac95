using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>Verifies one signature with one public key. Thread-safe; never throws for what a stranger sent.</summary>
public static class SignatureVerifier
{
    /// <summary>True when <paramref name="signature"/> over <paramref name="data"/> is good and the algorithm fits the key.</summary>
    public static bool Verify(
        in PublicKeyInfo key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (!Fits(key.Kind, algorithm))
        {
            return false;
        }

        Span<byte> buffer = stackalloc byte[SignatureAlgorithms.MaxDigestBytes];
        var digest = buffer[..algorithm.Digest(data, buffer)];
        if (key.Kind == KeyKind.P256)
        {
            return P256Verifier.Verify(key.KeyBits.Span, digest, signature);
        }

        try
        {
            if (key.Kind == KeyKind.Rsa)
            {
                using var rsa = key.ToRsa();
                return rsa.VerifyHash(digest, signature, algorithm.HashName(), RSASignaturePadding.Pkcs1);
            }

            using var ecdsa = key.ToECDsa();
            return ecdsa.VerifyHash(digest, signature, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>True when keys of this kind sign with this algorithm.</summary>
    public static bool Fits(KeyKind kind, SignatureAlgorithm algorithm) => kind switch
    {
        KeyKind.P256 or KeyKind.P384 or KeyKind.P521 => algorithm.IsEcdsa(),
        KeyKind.Rsa => algorithm.IsRsa(),
        _ => false,
    };
}
