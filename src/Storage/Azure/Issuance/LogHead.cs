namespace MeshGrains.Storage;

/// <summary>Where a shard's chain stands: the next batch's number and first position (both from 0 and 1), and the hash that it follows.</summary>
internal sealed record LogHead(long Number, long Position, byte[] Hash)
{
    public static LogHead Start { get; } = new(0, 1, new byte[LogShard.HashLength]);
}
