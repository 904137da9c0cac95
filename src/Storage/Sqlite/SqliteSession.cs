using Microsoft.Data.Sqlite;

namespace MeshGrains.Storage;

/// <summary>One connection with its prepared statements. Used by one thread at a time.</summary>
internal sealed class SqliteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteStatement> _statements = new(StringComparer.Ordinal);

    private SqliteSession(SqliteConnection connection) => _connection = connection;

    public static SqliteSession Open(string path, SqliteAccess access, TimeSpan busyTimeout)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Cache = SqliteCacheMode.Private,
            Pooling = false,

            // SQLite waits by itself (busy_timeout); the provider's own retries would only sleep on top of that.
            DefaultTimeout = 1,
        }.ToString());
        try
        {
            connection.Open();
            var session = new SqliteSession(connection);
            session.Run($"PRAGMA busy_timeout={(long)busyTimeout.TotalMilliseconds}");
            session.Run("PRAGMA foreign_keys=ON");
            session.Run($"PRAGMA synchronous={(access.HasFlag(SqliteAccess.Derived) ? "NORMAL" : "FULL")}");
            if (access.HasFlag(SqliteAccess.ReadOnly))
            {
                session.Run("PRAGMA query_only=ON");
            }

            return session;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public SqliteStatement Use(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            statement = new SqliteStatement(_connection.Handle!, sql);
            _statements.Add(sql, statement);
        }

        return statement;
    }

    /// <summary>Runs statements that are used once.</summary>
    public void Run(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>Reads one number with a statement that is used once.</summary>
    public long Number(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Runs <paramref name="work"/> in one transaction that takes the write lock at its beginning.</summary>
    public T Write<T>(Func<SqliteSession, T> work) => Within("BEGIN IMMEDIATE", work);

    /// <summary>Runs <paramref name="work"/>, which only reads, on what the file holds at one moment.</summary>
    public T Read<T>(Func<SqliteSession, T> work) => Within("BEGIN", work);

    public void RollBack()
    {
        // Some errors end the transaction by themselves; a second ROLLBACK would hide the first error.
        if (SQLitePCL.raw.sqlite3_get_autocommit(_connection.Handle!) == 0)
        {
            Use("ROLLBACK").Execute();
        }
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Release();
        }

        _statements.Clear();
        _connection.Dispose();
    }

    private T Within<T>(string begin, Func<SqliteSession, T> work)
    {
        Use(begin).Execute();
        try
        {
            var result = work(this);
            Use("COMMIT").Execute();
            return result;
        }
        catch
        {
            RollBack();
            throw;
        }
    }
}
