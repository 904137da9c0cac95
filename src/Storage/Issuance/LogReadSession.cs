using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>Queries over the log, its index file, and what the index file does not have yet.</summary>
internal sealed class LogReadSession : IDisposable
{
    private readonly SqliteSession _log;
    private readonly SqliteSession _index;

    public LogReadSession(LogPaths paths, TimeSpan busyTimeout)
    {
        _log = SqliteSession.Open(paths.Log, SqliteAccess.ReadOnly, busyTimeout);
        try
        {
            _index = SqliteSession.Open(paths.Index, SqliteAccess.ReadOnly, busyTimeout);
        }
        catch
        {
            _log.Dispose();
            throw;
        }
    }

    public IssuanceRecord? FindBySerial(RecentRecords recent, string trustDomain, string serial)
    {
        var hash = LogHash.Serial(trustDomain, serial);

        // Memory first: what leaves it is in the file by then.
        var (open, passing) = recent.Parts;
        if ((open.FindSerial(hash) ?? passing?.FindSerial(hash)) is { } position)
        {
            return Matching(position, trustDomain, serial);
        }

        using var rows = _index.Use("SELECT position FROM serial WHERE hash = ?1").Bind(1, hash);
        while (rows.Step())
        {
            if (Matching(rows.Int64(0), trustDomain, serial) is { } record)
            {
                return record;
            }
        }

        return null;
    }

    public List<PositionedRecord> FindByIdentity(RecentRecords recent, string trustDomain, string spiffeId, long before, int limit)
    {
        var found = new List<PositionedRecord>();
        var hash = LogHash.Identity(spiffeId);
        var (open, passing) = recent.Parts;
        foreach (var part in (ReadOnlySpan<RecentEntries?>)[open, passing])
        {
            var entries = part is null ? [] : part.Snapshot().Span;
            for (var i = entries.Length - 1; i >= 0 && found.Count < limit; i--)
            {
                if (entries[i].IdentityHash == hash && part!.FirstPosition + i < before)
                {
                    AddMatching(found, part.FirstPosition + i, trustDomain, spiffeId);
                }
            }
        }

        before = Math.Min(before, (passing ?? open).FirstPosition);
        using var rows = _index.Use("SELECT position FROM identity WHERE hash = ?1 AND position < ?2 ORDER BY position DESC");
        rows.Bind(1, hash).Bind(2, before);
        while (found.Count < limit && rows.Step())
        {
            AddMatching(found, rows.Int64(0), trustDomain, spiffeId);
        }

        return found;
    }

    public List<PositionedRecord> List(string trustDomain, long before, int limit)
    {
        var found = new List<PositionedRecord>();
        using var rows = _log.Use(
            """
            SELECT batch.position, batch.records, batch.body, shard.issuer FROM batch JOIN shard ON shard.id = batch.shard
            WHERE batch.position < ?1 AND shard.trust_domain = ?2 ORDER BY batch.position DESC
            """);
        rows.Bind(1, before).Bind(2, trustDomain);
        while (found.Count < limit && rows.Step())
        {
            var position = rows.Int64(0);
            var records = LogBatch.Read(rows.Blob(2), (int)rows.Int64(1), trustDomain, rows.Text(3));
            for (var i = records.Count - 1; i >= 0 && found.Count < limit; i--)
            {
                if (position + i < before)
                {
                    found.Add(new PositionedRecord(position + i, records[i]));
                }
            }
        }

        return found;
    }

    public Dictionary<string, long> CountLive(RecentRecords recent, string trustDomain, long now)
    {
        var issuers = new Dictionary<int, string>();
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);

        // Memory first; then what the file has taken in since is left out of it again.
        var (open, passing) = recent.Parts;
        var parts = new[] { (open.FirstPosition, open.Snapshot()), (passing?.FirstPosition ?? 0, passing?.Snapshot() ?? default) };
        using (var shards = _log.Use("SELECT id, issuer FROM shard WHERE trust_domain = ?1").Bind(1, trustDomain))
        {
            while (shards.Step())
            {
                issuers.Add((int)shards.Int64(0), shards.Text(1));
            }
        }

        _index.Use("BEGIN").Execute();
        try
        {
            long indexed;
            using (var progress = _index.Use("SELECT next_position FROM progress"))
            {
                progress.Step();
                indexed = progress.Int64(0);
            }

            foreach (var (id, issuer) in issuers)
            {
                using var sum = _index.Use("SELECT coalesce(sum(count), 0) FROM leaves WHERE shard = ?1 AND not_after > ?2");
                sum.Bind(1, id).Bind(2, now).Step();
                Add(counts, issuer, sum.Int64(0));
            }

            foreach (var (first, entries) in parts)
            {
                var span = entries.Span;
                for (var i = 0; i < span.Length; i++)
                {
                    if (first + i >= indexed && span[i].NotAfter > now && issuers.TryGetValue(span[i].Shard, out var issuer))
                    {
                        Add(counts, issuer, 1);
                    }
                }
            }
        }
        finally
        {
            _index.Use("COMMIT").Execute();
        }

        return counts;
    }

    public long HighestBundle(string trustDomain)
    {
        using var highest = _log.Use("SELECT coalesce(max(highest_bundle), 0) FROM shard WHERE trust_domain = ?1").Bind(1, trustDomain);
        highest.Step();
        return highest.Int64(0);
    }

    public long Anchor(string trustDomain, LogAnchor anchor)
    {
        using var row = _log.Use("SELECT value FROM anchor WHERE trust_domain = ?1 AND name = ?2").Bind(1, trustDomain).Bind(2, (long)anchor);
        return row.Step() ? row.Int64(0) : 0;
    }

    /// <summary>Checks up to <paramref name="limit"/> batches from where the last call ended; false when there are no more.</summary>
    public bool Verify(LogVerification verification, int limit) => verification.Advance(_log, limit);

    public void Dispose()
    {
        _index.Dispose();
        _log.Dispose();
    }

    private static void Add(Dictionary<string, long> counts, string issuer, long count)
    {
        if (count > 0)
        {
            counts[issuer] = counts.GetValueOrDefault(issuer) + count;
        }
    }

    private void AddMatching(List<PositionedRecord> found, long position, string trustDomain, string spiffeId)
    {
        if (Read(position) is { } record && record.SpiffeId == spiffeId && record.TrustDomain == trustDomain)
        {
            found.Add(new PositionedRecord(position, record));
        }
    }

    private IssuanceRecord? Matching(long position, string trustDomain, string serial)
        => Read(position) is { } record && record.Serial == serial && record.TrustDomain == trustDomain ? record : null;

    private IssuanceRecord? Read(long position)
    {
        using var row = _log.Use(
            """
            SELECT batch.position, batch.records, batch.body, shard.trust_domain, shard.issuer
            FROM batch JOIN shard ON shard.id = batch.shard WHERE batch.position <= ?1 ORDER BY batch.position DESC LIMIT 1
            """).Bind(1, position);
        if (!row.Step() || position >= row.Int64(0) + row.Int64(1))
        {
            return null;
        }

        try
        {
            var bytes = LogBatch.Slice(row.Blob(2), (int)(position - row.Int64(0)));
            return IssuanceRecordEncoding.Read(bytes, row.Text(3), row.Text(4));
        }
        catch (FormatException exception)
        {
            throw LogTail.Broken(row.Text(4), $"the record at position {position} is malformed: {exception.Message}");
        }
    }
}
