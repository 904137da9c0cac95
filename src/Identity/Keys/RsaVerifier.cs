using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>
/// Verifies RSA signatures of PKCS #1 v1.5 with one public key that stays, at the speed of libcrypto: .NET's way looks the algorithms up anew at
/// each verification, which costs half as much again. Where libcrypto.so.3 is missing, .NET's class serves. Thread-safe.
/// </summary>
#pragma warning disable CA1001 // Key sets are swapped while calls still verify with the old one: the handles are freed when nobody holds them any more.
public sealed class RsaVerifier
#pragma warning restore CA1001
{
    private const int NidSha256 = 672;
    private const int NidSha384 = 673;
    private const int NidSha512 = 674;

    private readonly RsaKeyHandle? _native;
    private readonly RSA? _managed;
    private readonly Lock _managedGate = new();
    private readonly int _signatureBytes;

    /// <param name="parameters">Modulus and exponent of a public key that the caller has found fit.</param>
    /// <exception cref="CryptographicException">They make no key.</exception>
    public RsaVerifier(RSAParameters parameters)
        : this(parameters, LibCrypto.HasRsa)
    {
    }

    internal RsaVerifier(RSAParameters parameters, bool native)
    {
        _signatureBytes = parameters.Modulus?.Length ?? throw new CryptographicException("There is no modulus.");
        _native = native ? RsaKeyHandle.Create(parameters.Modulus, parameters.Exponent) : null;
        _managed = _native is null ? RSA.Create(parameters) : null;
    }

    /// <summary>True for a good signature; false for any other and for a hash function other than SHA-256, SHA-384 and SHA-512. Never throws for what a stranger sent.</summary>
    /// <param name="hash">The hash function that the digest is of.</param>
    /// <param name="digest">The hash of the signed data, as long as the function's.</param>
    /// <param name="signature">As long as the modulus.</param>
    public bool VerifyPkcs1(HashAlgorithmName hash, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        var (nid, length) = hash.Name switch
        {
            nameof(HashAlgorithmName.SHA256) => (NidSha256, SHA256.HashSizeInBytes),
            nameof(HashAlgorithmName.SHA384) => (NidSha384, SHA384.HashSizeInBytes),
            nameof(HashAlgorithmName.SHA512) => (NidSha512, SHA512.HashSizeInBytes),
            _ => (0, 0),
        };
        if (nid == 0 || digest.Length != length || signature.Length != _signatureBytes)
        {
            return false;
        }

        return _native is null ? VerifyManaged(hash, digest, signature) : _native.Verify(nid, digest, signature);
    }

    private bool VerifyManaged(HashAlgorithmName hash, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        // .NET does not promise that one RSA may be used from many threads.
        lock (_managedGate)
        {
            return _managed!.VerifyHash(digest, signature, hash, RSASignaturePadding.Pkcs1);
        }
    }
}
