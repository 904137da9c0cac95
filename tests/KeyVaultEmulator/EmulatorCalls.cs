using System.Collections.Concurrent;

namespace MeshGrains.KeyVaultEmulator;

/// <summary>Requests by operation: challenge, token, create, get, list, update, sign, verify, wrapkey, unwrapkey; and those throttled by the buckets.</summary>
public sealed class EmulatorCalls
{
    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);

    public int this[string operation] => _counts.GetValueOrDefault(operation);

    public IReadOnlyDictionary<string, int> Snapshot() => new SortedDictionary<string, int>(_counts, StringComparer.Ordinal);

    public void Clear() => _counts.Clear();

    internal void Add(string operation) => _counts.AddOrUpdate(operation, 1, static (_, n) => n + 1);
}
