using System.Security.Cryptography;
using MeshGrains.Keys;

namespace MeshGrains.Grains.Tests;

/// <summary>A key manager in memory: real P-256 signatures, wrapping by exclusive or. Its failures are those of a KMS.</summary>
internal sealed class FakeKeys(Faults faults) : IKeyManager
{
    private readonly Lock _gate = new();
    private readonly List<(ManagedKey Key, ECDsa Private, byte[] Mask)> _keys = [];

    public string Scheme => "fake";

    public bool IsProductionGrade => true;

    public IReadOnlyList<ManagedKey> Made
    {
        get
        {
            lock (_gate)
            {
                return [.. _keys.Select(key => key.Key)];
            }
        }
    }

    public int Signatures { get; private set; }

    /// <summary>Runs before each signature, with the digest.</summary>
    public Action<byte[]>? Signing { get; set; }

    public async ValueTask<ManagedKey?> FindAsync(string name, CancellationToken ct) =>
        await Do("kms.find", () => Made.LastOrDefault(key => key.Name == name));

    public async ValueTask<ManagedKey> CreateAsync(string name, KeyAlgorithm algorithm, KeyPurpose purpose, CancellationToken ct) =>
        await Do("kms.create", () =>
        {
            lock (_gate)
            {
                var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                var key = new ManagedKey(new KeyReference($"fake:{name}/{_keys.Count + 1}"), algorithm, purpose, made.ExportSubjectPublicKeyInfo(), name);
                _keys.Add((key, made, RandomNumberGenerator.GetBytes(64)));
                return key;
            }
        });

    public ValueTask<ManagedKey> GetAsync(KeyReference key, CancellationToken ct) => ValueTask.FromResult(Find(key).Key);

    public async ValueTask<byte[]> SignDigestAsync(KeyReference key, KeyAlgorithm algorithm, ReadOnlyMemory<byte> digest, CancellationToken ct) =>
        await Do("kms.sign", () =>
        {
            Signing?.Invoke(digest.ToArray());
            Signatures++;
            return Find(key).Private.SignHash(digest.ToArray(), DSASignatureFormat.Rfc3279DerSequence);
        });

    public async ValueTask<byte[]> WrapAsync(KeyReference key, ReadOnlyMemory<byte> plaintext, CancellationToken ct) =>
        await Do("kms.wrap", () => Mask(key, plaintext));

    public async ValueTask<byte[]> UnwrapAsync(KeyReference key, ReadOnlyMemory<byte> wrapped, CancellationToken ct) =>
        await Do("kms.unwrap", () => Mask(key, wrapped));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private byte[] Mask(KeyReference key, ReadOnlyMemory<byte> bytes)
    {
        var mask = Find(key).Mask;
        return [.. bytes.ToArray().Select((value, i) => (byte)(value ^ mask[i]))];
    }

    private (ManagedKey Key, ECDsa Private, byte[] Mask) Find(KeyReference reference)
    {
        lock (_gate)
        {
            return _keys.Single(key => key.Key.Reference == reference);
        }
    }

    private async Task<T> Do<T>(string step, Func<T> act)
    {
        try
        {
            return await faults.StepAsync(step, () => Task.FromResult(act()));
        }
        catch (IOException away)
        {
            throw new KeyManagerException(KeyManagerError.Unavailable, "The key store did not answer.", away);
        }
    }
}
