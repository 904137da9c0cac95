namespace MeshGrains.Storage;

/// <summary>
/// A walk over the whole log that recomputes every shard's hash chain, in slices, so that it never holds the log open for long. Batches that
/// were added after it began are left out.
/// </summary>
internal sealed class LogVerification
{
    private const int MaxFindings = 100;

    private readonly Dictionary<long, (long Number, byte[] Hash)> _heads = [];
    private readonly LogBatch _batch = new();
    private readonly Dictionary<long, StoredHead> _stored = [];
    private long _nextPosition = 1;
    private long _end = -1;

    public List<string> Findings { get; } = [];

    /// <summary>False when the walk is over.</summary>
    public bool Advance(SqliteSession log, int limit)
    {
        if (_end < 0)
        {
            Begin(log);
        }

        using var rows = log.Use(
            """
            SELECT position, shard, number, format, records, previous, hash, body FROM batch
            WHERE position >= ?1 AND position < ?2 ORDER BY position LIMIT ?3
            """).Bind(1, _nextPosition).Bind(2, _end).Bind(3, limit);
        var any = false;
        while (rows.Step() && Findings.Count < MaxFindings)
        {
            any = true;
            Check(rows);
        }

        if (any && Findings.Count < MaxFindings)
        {
            return true;
        }

        End();
        return false;
    }

    private void Begin(SqliteSession log)
    {
        log.Use("BEGIN").Execute();
        try
        {
            using (var shards = log.Use("SELECT id, trust_domain, issuer, batches, head_hash FROM shard"))
            {
                while (shards.Step())
                {
                    _stored.Add(shards.Int64(0), new StoredHead(
                        shards.Text(1), shards.Text(2), shards.Int64(3), shards.Blob(4).ToArray()));
                }
            }

            using var last = log.Use("SELECT position + records FROM batch ORDER BY position DESC LIMIT 1");
            _end = last.Step() ? last.Int64(0) : 1;
        }
        finally
        {
            log.Use("COMMIT").Execute();
        }
    }

    private void Check(SqliteStatement row)
    {
        var position = row.Int64(0);
        if (position != _nextPosition)
        {
            Findings.Add($"Positions {_nextPosition} to {position - 1} are missing.");
        }

        var records = row.Int64(4);
        _nextPosition = position + Math.Max(1, records);
        if (!_stored.TryGetValue(row.Int64(1), out var shard))
        {
            Findings.Add($"The batch at position {position} belongs to no shard.");
            return;
        }

        var (number, previous) = _heads.GetValueOrDefault(row.Int64(1), (0, new byte[LogShard.HashLength]));
        var name = $"Shard {shard.TrustDomain}/{shard.Issuer}, batch {row.Int64(2)} at position {position}";
        if (row.Int64(2) != number)
        {
            Findings.Add($"{name}: batch {number} was due here.");
        }

        if (row.Int64(3) != IssuanceRecordEncoding.Format)
        {
            Findings.Add($"{name}: unknown format {row.Int64(3)}.");
        }

        if (!row.Blob(5).SequenceEqual(previous))
        {
            Findings.Add($"{name}: it does not follow the hash before it.");
        }

        Span<byte> hash = stackalloc byte[LogShard.HashLength];
        _batch.Begin(previous, shard.TrustDomain, shard.Issuer, row.Int64(2), position, (int)records);
        _batch.AddBody(row.Blob(7));
        _batch.Hash(hash);
        if (!row.Blob(6).SequenceEqual(hash))
        {
            Findings.Add($"{name}: its hash is wrong.");
        }

        try
        {
            LogBatch.Read(row.Blob(7), (int)records, shard.TrustDomain, shard.Issuer);
        }
        catch (FormatException exception)
        {
            Findings.Add($"{name}: {exception.Message}");
        }

        _heads[row.Int64(1)] = (row.Int64(2) + 1, row.Blob(6).ToArray());
    }

    private void End()
    {
        foreach (var (id, shard) in _stored)
        {
            var (number, hash) = _heads.GetValueOrDefault(id, (0, new byte[LogShard.HashLength]));
            if (number != shard.Batches || !hash.AsSpan().SequenceEqual(shard.HeadHash))
            {
                Findings.Add($"Shard {shard.TrustDomain}/{shard.Issuer}: its head tells of {shard.Batches} batches, and the chain ends after {number}.");
            }
        }
    }

    private sealed record StoredHead(string TrustDomain, string Issuer, long Batches, byte[] HeadHash);
}
