using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace MeshGrains.Grains;

/// <summary>
/// HMAC-SHA256 over <c>length(key) ‖ key ‖ version ‖ content</c>. Versions seen are remembered within bounds: two generations of a table,
/// so that a fleet's registrations cannot grow it for ever and the records in use are never forgotten.
/// </summary>
public sealed class RecordAuthenticator : IRecordAuthenticator
{
    internal const int GenerationCapacity = 65_536;

    private readonly Lock _gate = new();
    private Dictionary<string, long> _seen = new(StringComparer.Ordinal);
    private Dictionary<string, long> _seenBefore = new(StringComparer.Ordinal);
    private byte[]? _key;

    public RecordAuthenticator() => RecordInstruments.Begin();

    /// <summary>True once <see cref="Provide"/> was called.</summary>
    [MemberNotNullWhen(true, nameof(_key))]
    public bool IsReady => Volatile.Read(ref _key) is not null;

    /// <summary>How many versions are remembered, at most two generations of <see cref="GenerationCapacity"/>.</summary>
    internal int Remembered
    {
        get
        {
            lock (_gate)
            {
                return _seen.Count + _seenBefore.Count;
            }
        }
    }

    /// <summary>Hands in the unwrapped key: 32 bytes, once.</summary>
    public void Provide(byte[] key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.Length != 32)
        {
            throw new ArgumentException($"A record key has 32 bytes, not {key.Length}.", nameof(key));
        }

        if (Interlocked.CompareExchange(ref _key, key, null) is not null)
        {
            throw new InvalidOperationException("The record key is already provided.");
        }
    }

    /// <summary>A key of its own for another purpose, 32 bytes, by HKDF-SHA256; nothing about the record key follows from it.</summary>
    /// <exception cref="RecordKeyUnavailableException">The key is not there yet.</exception>
    internal byte[] Derive(string purpose) => HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Volatile.Read(ref _key) ?? throw new RecordKeyUnavailableException(), 32, info: Encoding.UTF8.GetBytes(purpose));

    // A tag is no sight of its version: the write that carries it may still lose, and the record would then seem rolled back for ever.
    public byte[] Tag(string recordKey, long version, ReadOnlySpan<byte> content) => Compute(recordKey, version, content);

    public void Verify(string recordKey, long version, ReadOnlySpan<byte> content, ReadOnlySpan<byte> tag)
    {
        if (!CryptographicOperations.FixedTimeEquals(Compute(recordKey, version, content), tag))
        {
            throw new RecordTamperedException(recordKey, "its authentication tag does not fit. The record was changed outside MeshGrains, or the store belongs to another deployment.");
        }

        Remember(recordKey, version);
    }

    private byte[] Compute(string recordKey, long version, ReadOnlySpan<byte> content)
    {
        ArgumentNullException.ThrowIfNull(recordKey);
        var key = Volatile.Read(ref _key) ?? throw new RecordKeyUnavailableException();
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        var name = Encoding.UTF8.GetBytes(recordKey);
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(number, name.Length);
        hmac.AppendData(number);
        hmac.AppendData(name);
        BinaryPrimitives.WriteInt64BigEndian(number, version);
        hmac.AppendData(number);
        hmac.AppendData(content);
        return hmac.GetHashAndReset();
    }

    private void Remember(string recordKey, long version)
    {
        lock (_gate)
        {
            if (!_seen.TryGetValue(recordKey, out var highest))
            {
                _seenBefore.TryGetValue(recordKey, out highest);
            }

            if (version < highest)
            {
                throw new RecordTamperedException(recordKey, $"version {version} lies below version {highest}, which was seen before. The store was rolled back.");
            }

            if (_seen.Count >= GenerationCapacity && !_seen.ContainsKey(recordKey))
            {
                _seenBefore = _seen;
                _seen = new Dictionary<string, long>(GenerationCapacity, StringComparer.Ordinal);
            }

            _seen[recordKey] = version;
        }
    }
}
