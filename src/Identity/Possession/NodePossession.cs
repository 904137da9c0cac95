using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MeshGrains.Identity;

/// <summary>
/// What a node signs to prove that it holds its certificate's key: <c>"MeshGrains x509pop 1" 00 TRUST-DOMAIN 00 NONCE SHA-256(CSR)</c>. ECDSA with SHA-256
/// as a DER sequence, RSA by PSS with SHA-256. The words in front keep the signature from meaning anything elsewhere.
/// </summary>
public static class NodePossession
{
    public const string Attestor = "x509pop";
    public const int NonceBytes = 32;

    private const string Words = "MeshGrains x509pop 1";
    private const int MinRsaBits = 2048;
    private const int MaxRsaBits = 4096;

    /// <param name="trustDomain">The trust domain that the node asks.</param>
    /// <param name="nonce">As the control plane chose it.</param>
    /// <param name="csrHash">SHA-256 of the certificate request, DER.</param>
    /// <exception cref="ArgumentException">The nonce or the hash has another length.</exception>
    public static byte[] Statement(string trustDomain, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> csrHash)
    {
        if (nonce.Length != NonceBytes || csrHash.Length != SHA256.HashSizeInBytes)
        {
            throw new ArgumentException($"The nonce has {NonceBytes} bytes, the hash {SHA256.HashSizeInBytes}.", nameof(nonce));
        }

        return [.. Encoding.ASCII.GetBytes(Words), 0, .. Encoding.ASCII.GetBytes(trustDomain), 0, .. nonce, .. csrHash];
    }

    /// <exception cref="CryptographicException">The certificate has no private key beside it, or one that is not taken.</exception>
    public static byte[] Sign(X509Certificate2 certificate, byte[] statement)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        using var ecdsa = certificate.GetECDsaPrivateKey();
        if (ecdsa is not null)
        {
            return ecdsa.SignData(statement, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }

        using var rsa = certificate.GetRSAPrivateKey() ?? throw new CryptographicException("The certificate's key is neither ECDSA nor RSA, or its private half is missing.");
        return rsa.SignData(statement, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
    }

    /// <summary>False also for a key that is not taken: P-256, P-384 or P-521, or RSA of 2048 to 4096 bits.</summary>
    public static bool Verify(X509Certificate2 certificate, byte[] statement, byte[] signature)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        try
        {
            using var ecdsa = certificate.GetECDsaPublicKey();
            if (ecdsa is not null)
            {
                return ecdsa.KeySize >= 256 && ecdsa.VerifyData(statement, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
            }

            using var rsa = certificate.GetRSAPublicKey();
            return rsa is { KeySize: >= MinRsaBits and <= MaxRsaBits } && rsa.VerifyData(statement, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
