using System.Formats.Asn1;
using System.Security.Cryptography;

namespace MeshGrains.Keys.Pkcs11;

/// <summary>A public key object's attributes as SubjectPublicKeyInfo.</summary>
internal static class Pkcs11PublicKey
{
    /// <summary>DER of the named curve's OID, as CKA_EC_PARAMS wants it.</summary>
    public static byte[] CurveParameters(KeyAlgorithm algorithm)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteObjectIdentifier(algorithm == KeyAlgorithm.EcdsaP256 ? "1.2.840.10045.3.1.7" : "1.3.132.0.34");
        return writer.Encode();
    }

    public static (KeyAlgorithm Algorithm, byte[] SubjectPublicKeyInfo) Read(Pkcs11Module module, ulong session, ulong handle)
    {
        byte[] Need(ulong attribute) => module.GetAttribute(session, handle, attribute) ?? throw KeyRules.Invalid("The token's public key object lacks an attribute.");
        try
        {
            switch (BitConverter.ToUInt64(Need(CKA.KEY_TYPE)))
            {
                case CKK.EC:
                    return ReadEc(Need(CKA.EC_PARAMS), Need(CKA.EC_POINT));
                case CKK.RSA:
                    return ReadRsa(Need(CKA.MODULUS), Need(CKA.PUBLIC_EXPONENT));
                default:
                    throw KeyRules.Invalid("The token's key is of a kind this product does not use; it has to be EC or RSA.");
            }
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or ArgumentException)
        {
            throw KeyRules.Invalid("The token returned a key that is no valid public key.", e);
        }
    }

    private static (KeyAlgorithm Algorithm, byte[] SubjectPublicKeyInfo) ReadEc(byte[] parameters, byte[] encoded)
    {
        var algorithm = parameters.AsSpan().SequenceEqual(CurveParameters(KeyAlgorithm.EcdsaP256)) ? KeyAlgorithm.EcdsaP256
            : parameters.AsSpan().SequenceEqual(CurveParameters(KeyAlgorithm.EcdsaP384)) ? KeyAlgorithm.EcdsaP384
            : throw KeyRules.Invalid("The token's EC key is on a curve this product does not use; it has to be P-256 or P-384.");
        var bytes = algorithm.FieldBytes();

        // The specification wraps the point into an OCTET STRING; some tokens return it bare.
        var point = encoded.Length == 1 + (2 * bytes) ? encoded : AsnDecoder.ReadOctetString(encoded, AsnEncodingRules.DER, out _);
        if (point.Length != 1 + (2 * bytes) || point[0] != 4)
        {
            throw KeyRules.Invalid("The token's EC point is not an uncompressed one of its curve.");
        }

        using var ec = ECDsa.Create(new ECParameters
        {
            Curve = algorithm.Curve(),
            Q = new ECPoint { X = point[1..(1 + bytes)], Y = point[(1 + bytes)..] },
        });
        return (algorithm, ec.ExportSubjectPublicKeyInfo());
    }

    private static (KeyAlgorithm Algorithm, byte[] SubjectPublicKeyInfo) ReadRsa(byte[] modulus, byte[] exponent)
    {
        if (!exponent.AsSpan().TrimStart((byte)0).SequenceEqual((ReadOnlySpan<byte>)[1, 0, 1]))
        {
            throw KeyRules.Invalid("The token's RSA key has a public exponent other than 65537.");
        }

        using var rsa = RSA.Create(new RSAParameters { Modulus = modulus.AsSpan().TrimStart((byte)0).ToArray(), Exponent = [1, 0, 1] });
        var algorithm = rsa.KeySize switch
        {
            2048 => KeyAlgorithm.Rsa2048,
            3072 => KeyAlgorithm.Rsa3072,
            4096 => KeyAlgorithm.Rsa4096,
            _ => throw KeyRules.Invalid("The token's RSA key has a size this product does not use; it has to be 2048, 3072 or 4096 bits."),
        };
        return (algorithm, rsa.ExportSubjectPublicKeyInfo());
    }
}
