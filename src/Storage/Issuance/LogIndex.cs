using Microsoft.Data.Sqlite;

namespace MeshGrains.Storage;

/// <summary>
/// The index file: finds positions by serial and by identity, and counts leaves by their end. It is made from the log alone; when it is missing,
/// damaged, of another log or ahead of this one, it is made anew.
/// </summary>
internal sealed class LogIndex : IDisposable
{
    private readonly SqliteSession _session;

    private LogIndex(SqliteSession session) => _session = session;

    /// <summary>Everything below this position is in the file.</summary>
    public long NextPosition { get; private set; }

    public static LogIndex Open(string path, ReadOnlySpan<byte> logId, long logEnd, TimeSpan busyTimeout, out bool madeAnew)
    {
        madeAnew = !File.Exists(path);
        try
        {
            if (TryOpen(path, logId, logEnd, busyTimeout) is { } index)
            {
                return index;
            }
        }
        catch (Exception exception) when (exception is SqliteSchemaException
            || exception is SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB })
        {
            // Made anew below: it holds nothing of its own.
        }

        madeAnew = true;
        foreach (var part in (ReadOnlySpan<string>)["", "-wal", "-shm"])
        {
            File.Delete(path + part);
        }

        return TryOpen(path, logId, logEnd, busyTimeout) ?? throw new SqliteSchemaException($"{path} is in use by another process.");
    }

    /// <summary>Takes in entries that follow what is there, in one transaction that is durable when this returns.</summary>
    public void Add(long firstPosition, ReadOnlyMemory<LogEntry> entries)
    {
        var order = new (long Key, long Position)[entries.Length];
        var leaves = new SortedDictionary<(int Shard, long NotAfter), long>();
        _session.Write(session =>
        {
            var all = entries.Span;
            for (var i = 0; i < all.Length; i++)
            {
                order[i] = (all[i].SerialHash, firstPosition + i);
                if (all[i].NotAfter != 0)
                {
                    leaves.TryGetValue((all[i].Shard, all[i].NotAfter), out var count);
                    leaves[(all[i].Shard, all[i].NotAfter)] = count + 1;
                }
            }

            Insert(session, "INSERT INTO serial VALUES (?1, ?2)", order);
            for (var i = 0; i < all.Length; i++)
            {
                order[i] = (all[i].IdentityHash, firstPosition + i);
            }

            Insert(session, "INSERT INTO identity VALUES (?1, ?2)", order);
            foreach (var ((shard, notAfter), count) in leaves)
            {
                session.Use(
                        "INSERT INTO leaves VALUES (?1, ?2, ?3) ON CONFLICT (shard, not_after) DO UPDATE SET count = count + excluded.count")
                    .Bind(1, shard).Bind(2, notAfter).Bind(3, count).Execute();
            }

            return session.Use("UPDATE progress SET next_position = ?1").Bind(1, firstPosition + all.Length).Execute();
        });
        NextPosition = firstPosition + entries.Length;

        // Commits here are not synced; a checkpoint is, and keeps what a restart has to read again small.
        using var checkpoint = _session.Use("PRAGMA wal_checkpoint(PASSIVE)");
        checkpoint.Step();
    }

    public void Dispose() => _session.Dispose();

    private static LogIndex? TryOpen(string path, ReadOnlySpan<byte> logId, long logEnd, TimeSpan busyTimeout)
    {
        var session = SqliteFile.Open(path, LogSchemas.Index, SqliteAccess.Derived, busyTimeout);
        try
        {
            session.Use("INSERT OR IGNORE INTO progress VALUES (1, ?1, 1)").Bind(1, logId).Execute();
            bool fits;
            var index = new LogIndex(session);
            using (var progress = session.Use("SELECT next_position, log_id FROM progress"))
            {
                progress.Step();
                index.NextPosition = progress.Int64(0);
                fits = index.NextPosition <= logEnd && progress.Blob(1).SequenceEqual(logId);
            }

            if (!fits)
            {
                index.Dispose();
                return null;
            }

            return index;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    // In the order of the keys, so that each page of the tree is touched once.
    private static void Insert(SqliteSession session, string sql, (long Key, long Position)[] rows)
    {
        Array.Sort(rows);
        var insert = session.Use(sql);
        foreach (var (key, position) in rows)
        {
            insert.Bind(1, key).Bind(2, position);
            insert.Step();
            insert.Dispose();
        }
    }
}
