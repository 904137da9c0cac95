namespace MeshGrains.Storage;

/// <summary>Where the issuance log lies and how it commits.</summary>
public sealed class SqliteIssuanceLogOptions
{
    /// <summary>The database file; its index lies beside it. The folder is made when it is missing.</summary>
    public required string Path { get; init; }

    /// <summary>Records that may wait for a commit; one more is refused at once.</summary>
    public int QueueCapacity { get; init; } = 8192;

    /// <summary>Records in one commit at most.</summary>
    public int BatchLimit { get; init; } = 512;

    /// <summary>How long a commit waits for more callers when the one before carried several records. A lone caller never waits.</summary>
    public TimeSpan GatherWindow { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>How long a commit waits for another process that holds the file.</summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The first pause before a failed log is tried again; doubled each time up to <see cref="MaxProbeDelay"/>.</summary>
    public TimeSpan ProbeDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan MaxProbeDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <exception cref="ArgumentException">An option is out of its range; the text says what to do.</exception>
    public void Validate()
    {
        Require(!string.IsNullOrWhiteSpace(Path), "The issuance log needs a file; name one.");
        Require(QueueCapacity is >= 1 and <= 1_000_000, "The issuance log's queue capacity must lie between 1 and 1000000.");
        Require(BatchLimit is >= 1 and <= 10_000, "The issuance log's batch limit must lie between 1 and 10000.");
        Require(GatherWindow >= TimeSpan.Zero && GatherWindow <= TimeSpan.FromSeconds(1), "The issuance log's gather window must lie between 0 and 1 s.");
        Require(BusyTimeout >= TimeSpan.Zero && BusyTimeout <= TimeSpan.FromMinutes(1), "The issuance log's busy timeout must lie between 0 and 1 min.");
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
