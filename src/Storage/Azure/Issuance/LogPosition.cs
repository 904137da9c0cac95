namespace MeshGrains.Storage;

/// <summary>
/// A record's place among all shards, a page mark: Unix second of issue (34 bits), its number in the shard (20 bits), and a hash of the shard's
/// name (9 bits). It is computed from the record's own bytes, so every reader gives the same. Two records may share one; a page never parts them.
/// </summary>
internal static class LogPosition
{
    private const int OrdinalBits = 20;
    private const int ShardBits = 9;

    public static long Of(long issuedAt, long ordinal, string issuer)
        => (Math.Clamp(issuedAt, 0, (1L << 34) - 1) << (OrdinalBits + ShardBits))
            | ((ordinal & ((1 << OrdinalBits) - 1)) << ShardBits)
            | (LogHash.Identity(issuer) & ((1 << ShardBits) - 1));

    public static long Second(long position) => position >> (OrdinalBits + ShardBits);
}
