using System.Security.Cryptography;

namespace MeshGrains.Keys;

/// <summary>Holds a key store to its word: a signature it returns has to verify under the pinned version's public key.</summary>
internal static class PublicKeyCheck
{
    public static void RequireSignature(ManagedKey key, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        if (!Verify(key, digest, signature))
        {
            throw KeyRules.Invalid($"The signature returned for {key.Reference} does not verify under that key. It was discarded.");
        }
    }

    private static bool Verify(ManagedKey key, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        try
        {
            if (key.Algorithm.IsEcdsa())
            {
                using var ec = ECDsa.Create();
                ec.ImportSubjectPublicKeyInfo(key.SubjectPublicKeyInfo.Span, out _);
                return ec.VerifyHash(digest, signature, DSASignatureFormat.Rfc3279DerSequence);
            }

            using var rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(key.SubjectPublicKeyInfo.Span, out _);
            return rsa.VerifyHash(digest, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
