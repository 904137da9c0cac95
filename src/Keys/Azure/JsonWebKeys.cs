using System.Buffers.Text;
using System.Security.Cryptography;

namespace MeshGrains.Keys.Azure;

/// <summary>The public half of a vault's JSON Web Key, checked: a known kind, a point on its curve, e = 65537.</summary>
internal static class JsonWebKeys
{
    public static (KeyAlgorithm Algorithm, byte[] SubjectPublicKeyInfo) Read(JsonWebKeyReply key)
    {
        try
        {
            return key.KeyType switch
            {
                "EC" or "EC-HSM" => ReadEc(key),
                "RSA" or "RSA-HSM" => ReadRsa(key),
                _ => throw KeyRules.Invalid("The vault's key is of a kind this product does not use; it has to be EC or RSA."),
            };
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            throw KeyRules.Invalid("The vault returned a key that is no valid public key.", e);
        }
    }

    private static (KeyAlgorithm Algorithm, byte[] SubjectPublicKeyInfo) ReadEc(JsonWebKeyReply key)
    {
        var algorithm = key.Curve switch
        {
            "P-256" => KeyAlgorithm.EcdsaP256,
            "P-384" => KeyAlgorithm.EcdsaP384,
            _ => throw KeyRules.Invalid("The vault's EC key is on a curve this product does not use; it has to be P-256 or P-384."),
        };
        var point = new ECPoint { X = Decode(key.X), Y = Decode(key.Y) };
        if (point.X.Length != algorithm.FieldBytes() || point.Y.Length != algorithm.FieldBytes())
        {
            throw KeyRules.Invalid("The vault's EC key has coordinates of the wrong length.");
        }

        using var ec = ECDsa.Create(new ECParameters { Curve = algorithm.Curve(), Q = point });
        return (algorithm, ec.ExportSubjectPublicKeyInfo());
    }

    private static (KeyAlgorithm Algorithm, byte[] SubjectPublicKeyInfo) ReadRsa(JsonWebKeyReply key)
    {
        var exponent = Decode(key.Exponent);
        if (!exponent.AsSpan().TrimStart((byte)0).SequenceEqual((ReadOnlySpan<byte>)[1, 0, 1]))
        {
            throw KeyRules.Invalid("The vault's RSA key has a public exponent other than 65537.");
        }

        using var rsa = RSA.Create(new RSAParameters { Modulus = Decode(key.Modulus), Exponent = [1, 0, 1] });
        var algorithm = rsa.KeySize switch
        {
            2048 => KeyAlgorithm.Rsa2048,
            3072 => KeyAlgorithm.Rsa3072,
            4096 => KeyAlgorithm.Rsa4096,
            _ => throw KeyRules.Invalid("The vault's RSA key has a size this product does not use; it has to be 2048, 3072 or 4096 bits."),
        };
        return (algorithm, rsa.ExportSubjectPublicKeyInfo());
    }

    private static byte[] Decode(string? text) =>
        text is { Length: > 0 and < 4096 } ? Base64Url.DecodeFromChars(text) : throw new FormatException("A part of the key is missing.");
}
