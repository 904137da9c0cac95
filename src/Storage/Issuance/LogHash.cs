namespace MeshGrains.Storage;

/// <summary>
/// The 64-bit keys of the log's index (FNV-1a). What a search finds by such a key is compared in full; an append whose serial has the key of
/// an earlier one is refused as its duplicate, since a refused append costs one more try and a second certificate under one serial costs trust.
/// </summary>
internal static class LogHash
{
    private const ulong Offset = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    public static long Serial(string trustDomain, string serial) => (long)Add(Add(Add(Offset, trustDomain), "/"), serial);

    public static long Identity(string spiffeId) => (long)Add(Offset, spiffeId);

    /// <summary>The key with all its bits spread (the finalizer of SplitMix64): FNV alone spreads its high bits badly.</summary>
    public static ulong Mixed(long hash)
    {
        var mixed = (ulong)hash;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }

    private static ulong Add(ulong hash, string text)
    {
        foreach (var character in text)
        {
            hash = (hash ^ character) * Prime;
        }

        return hash;
    }
}
