namespace MeshGrains.Grains;

/// <summary>
/// The append-only issuance log: group commit, one shard per issuing CA, batches hash-chained within a shard. No log, no issuance.
/// </summary>
public interface IIssuanceLog
{
    /// <summary>Records waiting to be made durable, for the queue-depth metric and for shedding.</summary>
    int QueueDepth { get; }

    /// <summary>False after a write failed, until a probe write succeeds: issuance is refused at once instead of queueing.</summary>
    bool IsAvailable { get; }

    /// <summary>Completes when the record is durable. A serial already in the log fails the append.</summary>
    /// <exception cref="IssuanceLogUnavailableException">The store failed or the queue is full; nothing may be released.</exception>
    /// <exception cref="IssuanceShardSealedException">The issuer's shard takes no more records, ever.</exception>
    ValueTask AppendAsync(IssuanceRecord record, CancellationToken cancellationToken);

    /// <summary>The record of a serial, wherever it was written. <paramref name="hint"/> tells where to look; without it every shard is asked.</summary>
    ValueTask<IssuanceRecord?> FindBySerialAsync(string trustDomain, string serial, CertificateHint? hint, CancellationToken cancellationToken);

    /// <summary>
    /// Newest first, at most <paramref name="limit"/>, with positions below <paramref name="before"/> when given. Only records that share the
    /// last one's position come beyond the limit, so that no page parts them.
    /// </summary>
    ValueTask<IReadOnlyList<PositionedRecord>> FindByIdentityAsync(
        string trustDomain, string spiffeId, long? before, int limit, CancellationToken cancellationToken);

    /// <summary>Newest first over all identities, in the same way.</summary>
    ValueTask<IReadOnlyList<PositionedRecord>> ListAsync(string trustDomain, long? before, int limit, CancellationToken cancellationToken);

    /// <summary>Leaf certificates per issuer that end after <paramref name="now"/>.</summary>
    ValueTask<IReadOnlyDictionary<string, long>> CountLiveAsync(string trustDomain, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Highest bundle number in the log: state that shows a lower one was rolled back.</summary>
    ValueTask<long> HighestBundleNumberAsync(string trustDomain, CancellationToken cancellationToken);

    /// <summary>
    /// Closes an issuer's shard for ever, whoever writes to it: a fence against a silo that may only seem gone. When this returns every record
    /// that the shard will ever have can be read. Sealing twice changes nothing; a shard that does not exist yet is sealed too.
    /// </summary>
    ValueTask SealAsync(string trustDomain, string issuerAuthorityId, CancellationToken cancellationToken);

    /// <summary>The highest value that <see cref="RaiseAnchorAsync"/> was given; 0 when none.</summary>
    ValueTask<long> ReadAnchorAsync(string trustDomain, LogAnchor anchor, CancellationToken cancellationToken);

    /// <summary>Raises an anchor durably to <paramref name="value"/>; a lower value changes nothing.</summary>
    ValueTask RaiseAnchorAsync(string trustDomain, LogAnchor anchor, long value, CancellationToken cancellationToken);

    /// <summary>Recomputes every shard's hash chain; returns what is broken, nothing when all is well.</summary>
    ValueTask<IReadOnlyList<string>> VerifyChainAsync(CancellationToken cancellationToken);
}
