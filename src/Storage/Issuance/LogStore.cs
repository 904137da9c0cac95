using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// The write side of the log: one session, one thread. A batch becomes durable in one transaction; the index follows in memory and, now and
/// then, in its file. After any exception the store is closed and opened anew, since what a failed commit left is unknown until it is read.
/// </summary>
internal sealed class LogStore : IDisposable
{
    private const int KnownShards = 256;
    private const int EntriesPerFlush = 16 * 1024;
    private const int PageSize = 4096;

    private readonly SqliteSession _log;
    private readonly SqliteSession _indexReader;
    private readonly Dictionary<(string TrustDomain, string Issuer), LogShard> _shards = [];
    private readonly LogBatch _batch = new();
    private readonly LogEntry[] _entries;
    private readonly List<LogShard> _inBatch = [];
    private readonly int[] _shardOf;
    private long _nextPosition;
    private int _nextShard;

    public LogStore(LogPaths paths, int batchLimit, TimeSpan busyTimeout)
    {
        _entries = new LogEntry[batchLimit];
        _shardOf = new int[batchLimit];
        _log = SqliteFile.Open(paths.Log, LogSchemas.Log, SqliteAccess.ReadWrite, busyTimeout);
        try
        {
            // Commits never stop for a checkpoint: another thread does the bulk of it.
            _log.Run("PRAGMA wal_autocheckpoint=0");
            ReadEnd();
            Index = LogIndex.Open(paths.Index, ReadLogId(), _nextPosition, busyTimeout, out var madeAnew);
            IndexWasMadeAnew = madeAnew && _nextPosition > 1;
            Recent = new RecentRecords(Index.NextPosition);
            ReadTail();
            _indexReader = SqliteSession.Open(paths.Index, SqliteAccess.ReadOnly, busyTimeout);
        }
        catch
        {
            Index?.Dispose();
            _log.Dispose();
            throw;
        }
    }

    public LogIndex Index { get; }

    public RecentRecords Recent { get; }

    /// <summary>True when the index file was missing or unfit and was made from the whole log.</summary>
    public bool IndexWasMadeAnew { get; }

    /// <summary>True when enough has gathered for the index file.</summary>
    public bool WantsFlush => Recent.Open.Count >= EntriesPerFlush;

    /// <summary>True when the index file is so far behind that appends have to wait for it, or memory would grow without bound.</summary>
    public bool MustFlush => Recent.Open.Count >= EntriesPerFlush * 8;

    /// <summary>About how many pages the WAL has grown by since the last checkpoint.</summary>
    public long PagesSinceCheckpoint { get; private set; }

    /// <summary>Writes a batch: marks the appends that are refused, makes the others durable, in one transaction.</summary>
    /// <param name="batch">At most the batch limit.</param>
    /// <param name="written">Called when all is written and nothing is committed.</param>
    public void Append(ReadOnlySpan<PendingAppend> batch, Action? written)
    {
        var accepted = Choose(batch);
        if (accepted == 0)
        {
            return;
        }

        _log.Use("BEGIN IMMEDIATE").Execute();
        try
        {
            var position = _nextPosition;
            for (var shard = 0; shard < _inBatch.Count; shard++)
            {
                position += WriteShard(batch, shard, position);
            }

            written?.Invoke();
            _log.Use("COMMIT").Execute();
            Recent.Open.Add(_entries.AsSpan(0, accepted));
            _nextPosition = position;
        }
        catch
        {
            _log.RollBack();
            throw;
        }
    }

    /// <summary>Closes a shard for ever, durably; one that is not there yet is made.</summary>
    public void Seal(string trustDomain, string issuer)
    {
        _inBatch.Clear();
        var shard = Shard(trustDomain, issuer);
        if (shard.IsSealed)
        {
            return;
        }

        _log.Write(session =>
        {
            if (!shard.IsStored)
            {
                Store(shard, 0);
            }

            return session.Use("UPDATE shard SET sealed = 1 WHERE id = ?1").Bind(1, shard.Id).Execute();
        });
        shard.IsStored = true;
        shard.IsSealed = true;
    }

    /// <summary>Raises an anchor durably; a lower value changes nothing.</summary>
    public void Raise(string trustDomain, LogAnchor anchor, long value)
        => _log.Write(session => session.Use(
                """
                INSERT INTO anchor (trust_domain, name, value) VALUES (?1, ?2, ?3)
                ON CONFLICT (trust_domain, name) DO UPDATE SET value = max(value, excluded.value)
                """)
            .Bind(1, trustDomain).Bind(2, (long)anchor).Bind(3, value).Execute());

    /// <summary>A commit that changes nothing but a counter: proves that the log can be written.</summary>
    public void Probe() => _log.Write(session => session.Use("UPDATE log SET probes = probes + 1").Execute());

    /// <summary>Ends a checkpoint of which another thread did the bulk, so that the WAL starts over.</summary>
    public void FinishCheckpoint() => PagesSinceCheckpoint = Checkpoint(_log);

    /// <summary>Copies what the WAL holds into the database file; returns how many pages are left in the WAL, none as a rule.</summary>
    public static long Checkpoint(SqliteSession session)
    {
        using var checkpoint = session.Use("PRAGMA wal_checkpoint(PASSIVE)");
        checkpoint.Step();
        return Math.Max(0, checkpoint.Int64(1) - checkpoint.Int64(2));
    }

    public void Dispose()
    {
        _indexReader.Dispose();
        Index.Dispose();
        _log.Dispose();
    }

    private static bool IsKnown(RecentEntries? entries, long serialHash) => entries is not null && entries.Knows(serialHash);

    // Which appends go in, into which shards, and the order of their positions: shard by shard.
    private int Choose(ReadOnlySpan<PendingAppend> batch)
    {
        _inBatch.Clear();
        var (open, passing) = Recent.Parts;
        LogShard? last = null;
        var ordinal = -1;
        for (var i = 0; i < batch.Length; i++)
        {
            var append = batch[i];
            _shardOf[i] = -1;
            if (append.HasFailed)
            {
                continue;
            }

            if (last is null || last.Issuer != append.Issuer || last.TrustDomain != append.TrustDomain)
            {
                last = Shard(append.TrustDomain, append.Issuer);
                ordinal = _inBatch.IndexOf(last);
            }

            if (last.IsSealed)
            {
                append.Fail(new IssuanceShardSealedException(append.Issuer, "the shard of this issuer was sealed and takes no more records."));
                continue;
            }

            if (IsKnown(open, append.SerialHash) || IsKnown(passing, append.SerialHash) || IsIndexed(append.SerialHash)
                || !open.TryClaim(append.SerialHash))
            {
                append.Fail(new RecordConflictException($"issuance/{append.TrustDomain}/{append.Serial}", "the log has this serial already."));
                continue;
            }

            if (ordinal < 0)
            {
                ordinal = _inBatch.Count;
                _inBatch.Add(last);
            }

            _shardOf[i] = ordinal;
        }

        var accepted = 0;
        for (var shard = 0; shard < _inBatch.Count; shard++)
        {
            for (var i = 0; i < batch.Length; i++)
            {
                if (_shardOf[i] == shard)
                {
                    _entries[accepted++] = batch[i].ToEntry(_inBatch[shard].Id);
                }
            }
        }

        return accepted;
    }

    private int WriteShard(ReadOnlySpan<PendingAppend> batch, int ordinal, long position)
    {
        var shard = _inBatch[ordinal];
        var records = 0;
        var highestBundle = shard.HighestBundle;
        for (var i = 0; i < batch.Length; i++)
        {
            if (_shardOf[i] == ordinal)
            {
                records++;
                highestBundle = Math.Max(highestBundle, batch[i].BundleNumber);
            }
        }

        _batch.Begin(shard.HeadHash, shard.TrustDomain, shard.Issuer, shard.Batches, position, records);
        for (var i = 0; i < batch.Length; i++)
        {
            if (_shardOf[i] == ordinal)
            {
                _batch.Add(batch[i].Bytes);
            }
        }

        Span<byte> hash = stackalloc byte[LogShard.HashLength];
        _batch.Hash(hash);
        _log.Use("INSERT INTO batch VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
            .Bind(1, position).Bind(2, shard.Id).Bind(3, shard.Batches).Bind(4, IssuanceRecordEncoding.Format).Bind(5, records)
            .Bind(6, shard.HeadHash).Bind(7, hash).Bind(8, _batch.Body).Execute();
        PagesSinceCheckpoint += 4 + (_batch.Body.Length / PageSize);
        hash.CopyTo(shard.HeadHash);
        shard.Batches++;
        shard.HighestBundle = highestBundle;
        if (shard.IsStored)
        {
            _log.Use("UPDATE shard SET batches = ?2, head_position = ?3, head_hash = ?4, highest_bundle = ?5 WHERE id = ?1")
                .Bind(1, shard.Id).Bind(2, shard.Batches).Bind(3, position).Bind(4, hash).Bind(5, highestBundle).Execute();
        }
        else
        {
            Store(shard, position);
            shard.IsStored = true;
        }

        return records;
    }

    private void Store(LogShard shard, long headPosition)
        => _log.Use(
                """
                INSERT INTO shard (id, trust_domain, issuer, batches, head_position, head_hash, highest_bundle)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                """)
            .Bind(1, shard.Id).Bind(2, shard.TrustDomain).Bind(3, shard.Issuer).Bind(4, shard.Batches).Bind(5, headPosition)
            .Bind(6, shard.HeadHash).Bind(7, shard.HighestBundle).Execute();

    private bool IsIndexed(long serialHash)
    {
        using var find = _indexReader.Use("SELECT 1 FROM serial WHERE hash = ?1").Bind(1, serialHash);
        return find.Step();
    }

    private LogShard Shard(string trustDomain, string issuer)
    {
        if (_shards.TryGetValue((trustDomain, issuer), out var known))
        {
            return known;
        }

        if (_shards.Count >= KnownShards)
        {
            foreach (var key in _shards.Where(pair => !_inBatch.Contains(pair.Value)).Select(pair => pair.Key).ToList())
            {
                _shards.Remove(key);
            }
        }

        var shard = LogTail.ReadShard(_log, trustDomain, issuer)
            ?? new LogShard { Id = _nextShard++, TrustDomain = trustDomain, Issuer = issuer };
        _shards.Add((trustDomain, issuer), shard);
        return shard;
    }

    private byte[] ReadLogId()
    {
        using var log = _log.Use("SELECT log_id FROM log");
        return log.Step() ? log.Blob(0).ToArray() : throw LogTail.Broken("log", "the log has lost its id.");
    }

    private void ReadEnd()
    {
        using (var last = _log.Use("SELECT position + records FROM batch ORDER BY position DESC LIMIT 1"))
        {
            _nextPosition = last.Step() ? last.Int64(0) : 1;
        }

        using var shards = _log.Use("SELECT coalesce(max(id), 0) + 1 FROM shard");
        shards.Step();
        _nextShard = (int)shards.Int64(0);
    }

    // What the index file lacks: at most a few thousand records, unless the file had to be made anew.
    private void ReadTail()
    {
        foreach (var (shard, records) in LogTail.ReadFrom(_log, Index.NextPosition))
        {
            var entries = new LogEntry[records.Count];
            for (var i = 0; i < entries.Length; i++)
            {
                var record = records[i];
                var notAfter = record.Kind == IssuanceRecordKind.X509Svid ? record.NotAfter.ToUnixTimeSeconds() : 0;
                entries[i] = new LogEntry(
                    LogHash.Serial(record.TrustDomain, record.Serial), LogHash.Identity(record.SpiffeId), notAfter, shard);
            }

            Recent.Open.Add(entries);
            if (WantsFlush && Recent.TrySeal())
            {
                Index.Add(Recent.Sealed!.FirstPosition, Recent.Sealed.Snapshot());
                Recent.DropSealed();
            }
        }
    }
}
