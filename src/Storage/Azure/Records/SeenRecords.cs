namespace MeshGrains.Storage;

/// <summary>Which records this process has seen, within bounds: two generations, so that those in use are never forgotten.</summary>
internal sealed class SeenRecords
{
    private const int GenerationCapacity = 65_536;

    private readonly Lock _gate = new();
    private HashSet<string> _seen = new(StringComparer.Ordinal);
    private HashSet<string> _seenBefore = new(StringComparer.Ordinal);

    public void Add(string key)
    {
        lock (_gate)
        {
            if (_seen.Count >= GenerationCapacity && !_seen.Contains(key))
            {
                (_seenBefore, _seen) = (_seen, new HashSet<string>(StringComparer.Ordinal));
            }

            _seen.Add(key);
        }
    }

    public bool Contains(string key)
    {
        lock (_gate)
        {
            return _seen.Contains(key) || _seenBefore.Contains(key);
        }
    }
}
