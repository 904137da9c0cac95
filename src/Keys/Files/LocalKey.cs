using System.Security.Cryptography;

namespace MeshGrains.Keys.Files;

/// <summary>An unsealed key in memory. One use at a time: the framework promises nothing for concurrent use of one key object.</summary>
internal sealed class LocalKey : IDisposable
{
    private readonly Lock _gate = new();
    private readonly ECDsa? _ec;
    private readonly RSA? _rsa;
    private readonly AesGcm? _aes;

    private LocalKey(ManagedKey facts, ECDsa? ec, RSA? rsa, AesGcm? aes)
    {
        Facts = facts;
        _ec = ec;
        _rsa = rsa;
        _aes = aes;
    }

    public ManagedKey Facts { get; }

    /// <summary>A fresh key's private bytes (PKCS#8, or 32 raw bytes to wrap with) and its public key.</summary>
    public static (byte[] Secret, byte[] PublicKey) Generate(KeyAlgorithm algorithm, KeyPurpose purpose)
    {
        if (purpose == KeyPurpose.Wrap)
        {
            return (RandomNumberGenerator.GetBytes(32), []);
        }

        using AsymmetricAlgorithm key = algorithm.IsEcdsa() ? ECDsa.Create(algorithm.Curve()) : RSA.Create(algorithm.RsaBits());
        return (key.ExportPkcs8PrivateKey(), key.ExportSubjectPublicKeyInfo());
    }

    /// <summary>Takes an unsealed secret over, and zeroes it.</summary>
    public static LocalKey Import(ManagedKey facts, byte[] secret)
    {
        ECDsa? ec = null;
        RSA? rsa = null;
        AesGcm? aes = null;
        try
        {
            if (facts.Purpose == KeyPurpose.Wrap)
            {
                aes = new AesGcm(secret, 16);
            }
            else if (facts.Algorithm.IsEcdsa())
            {
                ec = ECDsa.Create();
                ec.ImportPkcs8PrivateKey(secret, out _);
            }
            else
            {
                rsa = RSA.Create();
                rsa.ImportPkcs8PrivateKey(secret, out _);
            }

            return new LocalKey(facts, ec, rsa, aes);
        }
        catch
        {
            ec?.Dispose();
            rsa?.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    public byte[] Sign(ReadOnlySpan<byte> digest)
    {
        lock (_gate)
        {
            return _ec is not null
                ? _ec.SignHash(digest, DSASignatureFormat.Rfc3279DerSequence)
                : _rsa!.SignHash(digest, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
    }

    public byte[] Wrap(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associated)
    {
        lock (_gate)
        {
            return Seal.Encrypt(_aes!, plaintext, associated);
        }
    }

    public byte[]? TryUnwrap(ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> associated)
    {
        lock (_gate)
        {
            return Seal.TryDecrypt(_aes!, wrapped, associated);
        }
    }

    public void Dispose()
    {
        _ec?.Dispose();
        _rsa?.Dispose();
        _aes?.Dispose();
    }
}
