namespace MeshGrains.Storage;

/// <summary>How the issuance log on append blobs commits and reads.</summary>
public sealed class BlobIssuanceLogOptions
{
    /// <summary>Records that may wait for an append; one more is refused at once.</summary>
    public int QueueCapacity { get; init; } = 8192;

    /// <summary>Records in one round at most.</summary>
    public int BatchLimit { get; init; } = 1024;

    /// <summary>How long a round waits for more callers when the one before carried several records. A lone caller never waits.</summary>
    public TimeSpan GatherWindow { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>What one shard's part of a round may take in all, retries included; then the log counts as failed.</summary>
    public TimeSpan AppendTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What a seal, the raise of an anchor or one request of a search may take.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Bytes of a segment, about: the block that passes it is the last but one.</summary>
    public int SegmentBytes { get; init; } = 4 << 20;

    /// <summary>Blocks of a segment, of which Azure allows 50,000.</summary>
    public int SegmentBlocks { get; init; } = 20_000;

    /// <summary>Memory for segments (three fifths), summaries, and records that this process wrote (a fifth each).</summary>
    public long CacheBytes { get; init; } = 80 << 20;

    /// <summary>
    /// A closed segment is read as a whole, into memory, once it was searched as often as it has so many bytes. 0 means never.
    /// </summary>
    public int HotBytes { get; init; } = 16 << 10;

    /// <summary>The first pause before a failed log is tried again; doubled each time up to <see cref="MaxProbeDelay"/>.</summary>
    public TimeSpan ProbeDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan MaxProbeDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <exception cref="ArgumentException">An option is out of its range; the text says what to do.</exception>
    public void Validate()
    {
        Require(QueueCapacity is >= 1 and <= 1_000_000, "The issuance log's queue capacity must lie between 1 and 1000000.");
        Require(BatchLimit is >= 1 and <= 10_000, "The issuance log's batch limit must lie between 1 and 10000.");
        Require(GatherWindow >= TimeSpan.Zero && GatherWindow <= TimeSpan.FromSeconds(1), "The issuance log's gather window must lie between 0 and 1 s.");
        Require(AppendTimeout >= TimeSpan.FromMilliseconds(100) && AppendTimeout <= TimeSpan.FromMinutes(1), "The issuance log's append timeout must lie between 100 ms and 1 min.");
        Require(RequestTimeout >= AppendTimeout && RequestTimeout <= TimeSpan.FromMinutes(5), "The issuance log's request timeout must lie between its append timeout and 5 min.");
        Require(SegmentBytes is >= 1024 and <= 32 << 20, "A segment of the issuance log must have between 1 KiB and 32 MiB.");
        Require(SegmentBlocks is >= 2 and <= 49_000, "A segment of the issuance log must have between 2 and 49000 blocks.");
        Require(CacheBytes is >= 1 << 20 and <= 1L << 40, "The issuance log's cache must have at least 1 MiB.");
        Require(HotBytes is >= 0 and <= 1 << 20, "The issuance log's bytes a find must lie between 0 and 1 MiB.");
        Require(ProbeDelay > TimeSpan.Zero && ProbeDelay <= MaxProbeDelay, "The issuance log's probe delay must be above 0 and not above its maximum.");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message);
        }
    }
}
