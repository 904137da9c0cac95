namespace MeshGrains.Storage;

/// <summary>
/// The serials that this process wrote last, by their hashes: between half the capacity and all of it. A serial is 128 random bits, so what this
/// can find is a fault of the caller's, a retry that signs nothing new; those come soon.
/// </summary>
internal sealed class KnownSerials(int capacity)
{
    private HashSet<long> _older = [];
    private HashSet<long> _newer = [];

    /// <returns>False when it is known already.</returns>
    public bool TryAdd(long hash)
    {
        if (_older.Contains(hash) || !_newer.Add(hash))
        {
            return false;
        }

        if (_newer.Count >= capacity / 2)
        {
            _older = _newer;
            _newer = [];
        }

        return true;
    }

    /// <summary>The serial never reached the store: its owner may try it again.</summary>
    public void Forget(long hash)
    {
        _ = _newer.Remove(hash) || _older.Remove(hash);
    }
}
