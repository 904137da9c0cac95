using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Gateway;

/// <summary>An issuer's keys by <c>kid</c>, immutable; replaced as a whole.</summary>
internal sealed class VerificationKeySet
{
    private readonly FrozenDictionary<string, VerificationKey> _keys;

    public VerificationKeySet(IEnumerable<VerificationKey> keys)
        => _keys = keys.ToFrozenDictionary(key => key.KeyId, StringComparer.Ordinal);

    public static VerificationKeySet Empty { get; } = new([]);

    public int Count => _keys.Count;

    public bool TryGet(string keyId, [NotNullWhen(true)] out VerificationKey? key) => _keys.TryGetValue(keyId, out key);
}
