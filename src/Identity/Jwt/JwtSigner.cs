using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>
/// The private key of a JWT authority, in memory: ES256 (P-256) or RS256 (RSA). Unlike an issuing CA's key it is exported, for every silo of a
/// cluster signs with the same one; whoever exports it seals it. Thread-safe. Its text never shows the key.
/// </summary>
public sealed class JwtSigner : IDisposable
{
    /// <summary>Of the RSA keys that are made.</summary>
    public const int RsaBits = 2048;

    private static readonly int KeptKeys = Environment.ProcessorCount * 2;

    // .NET does not promise that one key object may be used from many threads: each signature borrows one.
    private readonly ConcurrentBag<AsymmetricAlgorithm> _idle = [];
    private readonly byte[] _pkcs8;
    private volatile bool _disposed;

    private JwtSigner(JwtAlgorithm algorithm, AsymmetricAlgorithm key)
    {
        Algorithm = algorithm;
        _pkcs8 = key.ExportPkcs8PrivateKey();
        SubjectPublicKeyInfo = key.ExportSubjectPublicKeyInfo();
        KeyId = PublicKeyInfo.TryRead(SubjectPublicKeyInfo, out var info, out var error) && algorithm.Fits(info.Kind)
            ? KeyIdentifier.AuthorityId(info)
            : throw new CryptographicException(error ?? $"The key does not sign with {algorithm}.");
        _idle.Add(key);
    }

    public JwtAlgorithm Algorithm { get; }

    /// <summary>The "kid": the key identifier of the public key in lower-case hex (40 digits), as every authority is named.</summary>
    public string KeyId { get; }

    /// <summary>The public key as DER.</summary>
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    /// <summary>A new key.</summary>
    /// <exception cref="NotSupportedException">Keys of this algorithm are verified with, not made.</exception>
    public static JwtSigner Create(JwtAlgorithm algorithm) => algorithm switch
    {
        JwtAlgorithm.ES256 => new JwtSigner(algorithm, ECDsa.Create(ECCurve.NamedCurves.nistP256)),
        JwtAlgorithm.RS256 => new JwtSigner(algorithm, RSA.Create(RsaBits)),
        _ => throw new NotSupportedException($"JWT authorities sign with ES256 or RS256, not with {algorithm}."),
    };

    /// <summary>The key that <see cref="ExportPkcs8"/> gave.</summary>
    /// <exception cref="CryptographicException">It is no such key, or does not fit the algorithm.</exception>
    public static JwtSigner Import(JwtAlgorithm algorithm, ReadOnlySpan<byte> pkcs8) => new(algorithm, Read(algorithm, pkcs8));

    /// <summary>The private key as PKCS #8 DER, in clear: the caller seals it and wipes it.</summary>
    public byte[] ExportPkcs8() => [.. _pkcs8];

    /// <summary>Signs in the form of RFC 7518 section 3: r and s of fixed width, or the RSA block.</summary>
    /// <exception cref="ObjectDisposedException">The key is gone.</exception>
    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var key = _idle.TryTake(out var kept) ? kept : Read(Algorithm, _pkcs8);
        var signature = key switch
        {
            ECDsa ecdsa => ecdsa.SignData(data, Algorithm.HashName(), DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
            _ => ((RSA)key).SignData(data, Algorithm.HashName(), Algorithm.Padding()),
        };
        if (_disposed || _idle.Count >= KeptKeys)
        {
            key.Dispose();
        }
        else
        {
            _idle.Add(key);
        }

        return signature;
    }

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryTake(out var key))
        {
            key.Dispose();
        }

        CryptographicOperations.ZeroMemory(_pkcs8);
    }

    public override string ToString() => $"{Algorithm} {KeyId}";

    private static AsymmetricAlgorithm Read(JwtAlgorithm algorithm, ReadOnlySpan<byte> pkcs8)
    {
        AsymmetricAlgorithm key = algorithm is JwtAlgorithm.ES256 or JwtAlgorithm.ES384 ? ECDsa.Create() : RSA.Create();
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out var read);
            return read == pkcs8.Length ? key : throw new CryptographicException("Bytes follow the private key.");
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}
