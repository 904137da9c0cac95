using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Identity;

/// <summary>
/// A PKCS #10 request (RFC 2986), of which only the public key and the proof that its holder made the request are taken. Subject,
/// requested names and extensions are not looked at: identity comes from the authenticated caller.
/// Allowed are P-256, P-384 and RSA of 2048 to 4096 bits with e = 65537, signed with ECDSA (SHA-256, SHA-384) or RSA PKCS #1 (SHA-256, SHA-384, SHA-512).
/// </summary>
public sealed class CertificateSigningRequest
{
    /// <summary>The longest request that is read, in bytes.</summary>
    public const int MaxDerBytes = 8 * 1024;

    private readonly ReadOnlyMemory<byte> _signedPart;
    private readonly ReadOnlyMemory<byte> _signature;
    private readonly SignatureAlgorithm _algorithm;
    private readonly PublicKeyInfo _key;

    private CertificateSigningRequest(
        ReadOnlyMemory<byte> signedPart, in PublicKeyInfo key, SignatureAlgorithm algorithm, ReadOnlyMemory<byte> signature)
    {
        _signedPart = signedPart;
        _key = key;
        _algorithm = algorithm;
        _signature = signature;
    }

    /// <summary>The public key as DER: a slice of the memory that was read.</summary>
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo => _key.Der;

    public KeyKind KeyKind => _key.Kind;

    public PublicKeyInfo PublicKey => _key;

    public SignatureAlgorithm SignatureAlgorithm => _algorithm;

    /// <summary>Reads a request strictly. The memory must not change while the request is in use. Proof of possession is a step of its own.</summary>
    /// <param name="der">The whole request and nothing after it.</param>
    /// <param name="csr">The result, null on failure.</param>
    /// <param name="error">Why not, in words a caller may see; null on success.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> der, [NotNullWhen(true)] out CertificateSigningRequest? csr, [NotNullWhen(false)] out string? error)
    {
        csr = null;
        if (der.Length > MaxDerBytes)
        {
            error = $"The certificate request has {der.Length} bytes; at most {MaxDerBytes} are read.";
            return false;
        }

        var outer = new DerReader(der.Span);
        if (!outer.TryEnter(DerTag.Sequence, out var body) || !outer.AtEnd
            || !TryReadInfo(ref body, der, out var signedPart, out var key)
            || !SignatureAlgorithms.TryRead(ref body, out var algorithm)
            || !body.TryReadBitString(out var signature) || !body.AtEnd)
        {
            error = "The certificate request is not well-formed PKCS #10 DER.";
            return false;
        }

        error = CheckKey(key) ?? CheckAlgorithm(key.Kind, algorithm);
        if (error is not null)
        {
            return false;
        }

        csr = new CertificateSigningRequest(der[signedPart], key, algorithm, der[signature]);
        return true;
    }

    /// <summary>True when the request was signed with the private key of the public key in it.</summary>
    public bool VerifyProofOfPossession() => SignatureVerifier.Verify(_key, _algorithm, _signedPart.Span, _signature.Span);

    private static bool TryReadInfo(ref DerReader body, ReadOnlyMemory<byte> der, out Range signedPart, out PublicKeyInfo key)
    {
        key = default;
        var start = body.Position;
        signedPart = default;
        if (!body.TryEnter(DerTag.Sequence, out var info))
        {
            return false;
        }

        signedPart = start..body.Position;
        return info.TryReadInt32(out var version) && version == 0
            && info.TryRead(DerTag.Sequence, out Range _)
            && PublicKeyInfo.TryRead(ref info, der, out key)

            // The attributes may be an empty set; some writers leave the whole field out.
            && (info.AtEnd || (info.TryRead(DerTag.ContextConstructed(0), out Range _) && info.AtEnd));
    }

    private static string? CheckKey(in PublicKeyInfo key) => key.Kind switch
    {
        KeyKind.P256 or KeyKind.P384 => null,
        KeyKind.Rsa when key.SizeBits > 4096 => $"The RSA key has {key.SizeBits} bits; 2048 to 4096 are allowed.",
        KeyKind.Rsa when !key.HasUsualExponent => "The RSA key's public exponent is not 65537.",
        KeyKind.Rsa => null,
        _ => "The public key is not allowed; P-256, P-384 (named curve, uncompressed point) and RSA of 2048 to 4096 bits are.",
    };

    private static string? CheckAlgorithm(KeyKind kind, SignatureAlgorithm algorithm)
        => algorithm != SignatureAlgorithm.EcdsaSha512 && SignatureVerifier.Fits(kind, algorithm)
            ? null
            : "The request's signature algorithm is not allowed; ECDSA with SHA-256 or SHA-384, and RSA PKCS #1 with SHA-256, SHA-384 or SHA-512 are, each with its own kind of key.";
}
