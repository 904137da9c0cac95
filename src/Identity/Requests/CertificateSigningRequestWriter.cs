using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>Makes PKCS #10 requests (RFC 2986) with an empty subject and no attributes: the issuer takes nothing from them but the key.</summary>
public static class CertificateSigningRequestWriter
{
    /// <summary>A request for a P-256 or P-384 key, signed with the hash of the curve's size. Gives DER.</summary>
    public static byte[] Write(ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var spki = key.ExportSubjectPublicKeyInfo();
        var algorithm = AlgorithmFor(spki);
        return Write(spki, algorithm, info => key.SignData(info, algorithm.HashName(), DSASignatureFormat.Rfc3279DerSequence));
    }

    /// <summary>A request for an RSA key, signed with PKCS #1 and SHA-256. Gives DER.</summary>
    public static byte[] Write(RSA key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var spki = key.ExportSubjectPublicKeyInfo();
        var algorithm = AlgorithmFor(spki);
        return Write(spki, algorithm, info => key.SignData(info, algorithm.HashName(), RSASignaturePadding.Pkcs1));
    }

    /// <summary>A request for an issuing CA's key. Gives DER.</summary>
    public static byte[] Write(IssuerKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Write(key.SubjectPublicKeyInfo.Span, SignatureAlgorithm.EcdsaSha256, info =>
        {
            var signature = new byte[IssuerKey.MaxSignatureBytes];
            return signature[..key.SignDigest(SHA256.HashData(info), signature)];
        });
    }

    private static byte[] Write(ReadOnlySpan<byte> spki, SignatureAlgorithm algorithm, Func<byte[], byte[]> sign)
    {
        var buffer = new byte[spki.Length + 64];
        var writer = new DerWriter(buffer);
        var mark = writer.Position;
        writer.Value(DerTag.ContextConstructed(0), default);
        writer.Raw(spki);
        writer.Value(DerTag.Sequence, default);
        writer.Unsigned([0]);
        writer.Wrap(DerTag.Sequence, mark);
        var info = writer.Written.ToArray();
        return SignedDer.Assemble(info, algorithm, sign(info));
    }

    private static SignatureAlgorithm AlgorithmFor(byte[] spki)
        => PublicKeyInfo.TryRead(spki, out var key, out var error)
            ? SignatureAlgorithms.ForIssuer(key.Kind)
            : throw new CryptographicException(error);
}
