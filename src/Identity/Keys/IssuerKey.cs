using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>
/// The P-256 private key of an issuing CA: made in this process's memory, never exported, wiped when disposed. Signing is thread-safe and
/// runs at libcrypto's own speed; where libcrypto.so.3 is missing, .NET's classes serve.
/// </summary>
public sealed class IssuerKey : IDisposable
{
    /// <summary>Room for any ECDSA-Sig-Value of P-256, in bytes.</summary>
    public const int MaxSignatureBytes = 72;

    private static ReadOnlySpan<byte> SpkiPrefix =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
        0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];

    private readonly P256KeyHandle? _native;
    private readonly ECDsa? _managed;
    private readonly Lock _managedGate = new();

    private IssuerKey(P256KeyHandle native)
    {
        _native = native;
        var spki = new byte[SpkiPrefix.Length + P256Verifier.PointBytes];
        SpkiPrefix.CopyTo(spki);
        if (!native.ExportPoint(spki.AsSpan(SpkiPrefix.Length)))
        {
            throw new CryptographicException("libcrypto did not give the public point of a new key.");
        }

        SubjectPublicKeyInfo = spki;
    }

    private IssuerKey(ECDsa managed)
    {
        _managed = managed;
        SubjectPublicKeyInfo = managed.ExportSubjectPublicKeyInfo();
    }

    /// <summary>The public key as DER.</summary>
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    /// <summary>A new key.</summary>
    public static IssuerKey Create()
        => LibCrypto.IsAvailable && P256KeyHandle.Generate() is { } native ? new IssuerKey(native)
            : FromManaged(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Takes over a P-256 key that was loaded from a file, as bootstrap CAs' are; it signs at .NET's speed.</summary>
    /// <exception cref="ArgumentException">The key is not on P-256.</exception>
    public static IssuerKey Adopt(ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.KeySize == 256
            ? new IssuerKey(key)
            : throw new ArgumentException($"The key has {key.KeySize} bits; a P-256 key is needed.", nameof(key));
    }

    /// <summary>Signs a SHA-256 digest.</summary>
    /// <param name="sha256Digest">32 bytes.</param>
    /// <param name="derSignature">Where the ECDSA-Sig-Value goes; at least <see cref="MaxSignatureBytes"/> long.</param>
    /// <returns>The signature's length in bytes.</returns>
    /// <exception cref="ObjectDisposedException">The key is gone.</exception>
    public int SignDigest(ReadOnlySpan<byte> sha256Digest, Span<byte> derSignature)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sha256Digest.Length, SHA256.HashSizeInBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(derSignature.Length, MaxSignatureBytes);
        var length = _native is null ? SignManaged(sha256Digest, derSignature) : _native.Sign(sha256Digest, derSignature);
        return length > 0 ? length : throw new CryptographicException("libcrypto could not sign.");
    }

    public void Dispose()
    {
        _native?.Dispose();
        _managed?.Dispose();
    }

    /// <summary>Takes over a P-256 key of .NET's own class.</summary>
    internal static IssuerKey FromManaged(ECDsa key) => new(key);

    private int SignManaged(ReadOnlySpan<byte> digest, Span<byte> signature)
    {
        // .NET does not promise that one ECDsa may be used from many threads.
        lock (_managedGate)
        {
            return _managed!.TrySignHash(digest, signature, DSASignatureFormat.Rfc3279DerSequence, out var written) ? written : 0;
        }
    }
}
