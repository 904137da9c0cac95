using System.Security.Cryptography;

namespace MeshGrains.Keys.Tests;

internal static class Signatures
{
    public static byte[] Digest(KeyAlgorithm algorithm, ReadOnlySpan<byte> message) =>
        algorithm == KeyAlgorithm.EcdsaP384 ? SHA384.HashData(message) : SHA256.HashData(message);

    public static bool Verify(ManagedKey key, byte[] digest, byte[] signature)
    {
        if (key.Algorithm is KeyAlgorithm.EcdsaP256 or KeyAlgorithm.EcdsaP384)
        {
            using var ec = ECDsa.Create();
            ec.ImportSubjectPublicKeyInfo(key.SubjectPublicKeyInfo.Span, out _);
            return ec.VerifyHash(digest, signature, DSASignatureFormat.Rfc3279DerSequence);
        }

        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(key.SubjectPublicKeyInfo.Span, out _);
        return rsa.VerifyHash(digest, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }
}
