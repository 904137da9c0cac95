using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>Reads the ends of the log that a start needs, and refuses what does not fit together.</summary>
internal static class LogTail
{
    public static RecordTamperedException Broken(string part, string message)
        => new($"issuance-log/{part}", $"{message} The log was damaged or edited; keep the file and restore it from a backup.");

    /// <summary>A shard at its newest batch, which is checked against the shard's head; null when there is no such shard.</summary>
    /// <exception cref="RecordTamperedException">Head and newest batch do not fit.</exception>
    public static LogShard? ReadShard(SqliteSession log, string trustDomain, string issuer)
    {
        LogShard shard;
        long headPosition;
        using (var row = log.Use(
            "SELECT id, batches, head_position, head_hash, highest_bundle, sealed FROM shard WHERE trust_domain = ?1 AND issuer = ?2"))
        {
            if (!row.Bind(1, trustDomain).Bind(2, issuer).Step())
            {
                return null;
            }

            shard = new LogShard
            {
                Id = (int)row.Int64(0),
                TrustDomain = trustDomain,
                Issuer = issuer,
                Batches = row.Int64(1),
                HighestBundle = row.Int64(4),
                IsStored = true,
                IsSealed = row.Int64(5) != 0,
            };
            headPosition = row.Int64(2);
            if (row.Blob(3).Length != LogShard.HashLength)
            {
                throw Broken(issuer, "the shard's head hash is no SHA-256.");
            }

            row.Blob(3).CopyTo(shard.HeadHash);
        }

        if (shard.Batches == 0 && shard.IsSealed)
        {
            return shard;
        }

        using var head = log.Use("SELECT shard, number, records, previous, hash, body FROM batch WHERE position = ?1");
        if (!head.Bind(1, headPosition).Step() || head.Int64(0) != shard.Id || head.Int64(1) != shard.Batches - 1)
        {
            throw Broken(issuer, "the shard's newest batch is missing.");
        }

        var batch = new LogBatch();
        batch.Begin(head.Blob(3), trustDomain, issuer, shard.Batches - 1, headPosition, (int)head.Int64(2));
        batch.AddBody(head.Blob(5));
        Span<byte> hash = stackalloc byte[LogShard.HashLength];
        batch.Hash(hash);
        if (!hash.SequenceEqual(shard.HeadHash) || !head.Blob(4).SequenceEqual(hash))
        {
            throw Broken(issuer, "the hash of the shard's newest batch is wrong.");
        }

        return shard;
    }

    /// <summary>The batches that hold records from <paramref name="position"/> on, in order.</summary>
    /// <exception cref="RecordTamperedException">A batch is malformed or not where it has to be.</exception>
    public static IEnumerable<(int Shard, List<IssuanceRecord> Records)> ReadFrom(SqliteSession log, long position)
    {
        using var rows = log.Use(
            """
            SELECT batch.position, batch.shard, batch.records, batch.body, shard.trust_domain, shard.issuer, batch.format
            FROM batch LEFT JOIN shard ON shard.id = batch.shard WHERE batch.position >= ?1 ORDER BY batch.position
            """).Bind(1, position);
        while (rows.Step())
        {
            if (rows.Int64(0) != position || rows.IsNull(4) || rows.Int64(6) != IssuanceRecordEncoding.Format)
            {
                throw Broken("batches", $"there is no readable batch at position {position}.");
            }

            List<IssuanceRecord> records;
            try
            {
                records = LogBatch.Read(rows.Blob(3), (int)rows.Int64(2), rows.Text(4), rows.Text(5));
            }
            catch (FormatException exception)
            {
                throw Broken("batches", $"the batch at position {position} is malformed: {exception.Message}");
            }

            position += records.Count;
            yield return ((int)rows.Int64(1), records);
        }
    }
}
