using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace MeshGrains.Storage;

/// <summary>A database file with one writer at a time and a few readers that never wait for it.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    private const int Readers = 4;

    private readonly string _path;
    private readonly SqliteSchema _schema;
    private readonly TimeSpan _busyTimeout;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly SemaphoreSlim _reading = new(Readers, Readers);
    private readonly ConcurrentBag<SqliteSession> _idle = [];
    private SqliteSession? _writer;
    private volatile bool _disposed;

    /// <exception cref="SqliteSchemaException">The file is of another kind or of a newer version.</exception>
    public SqliteDatabase(string path, SqliteSchema schema, TimeSpan busyTimeout)
    {
        _path = path;
        _schema = schema;
        _busyTimeout = busyTimeout;
        _writer = SqliteFile.Open(path, schema, SqliteAccess.ReadWrite, busyTimeout);
    }

    /// <summary>Runs <paramref name="work"/> in a transaction that holds the write lock and is durable when the task completes.</summary>
    public async ValueTask<T> WriteAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _writer ??= SqliteFile.Open(_path, _schema, SqliteAccess.ReadWrite, _busyTimeout);
            try
            {
                return _writer.Write(work);
            }
            catch (SqliteException exception) when (exception.SqliteErrorCode != SQLitePCL.raw.SQLITE_CONSTRAINT)
            {
                // What a failed commit left is unknown to this session; the next write asks the file.
                _writer.Dispose();
                _writer = null;
                throw;
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Runs <paramref name="work"/> on a session that cannot write. Each statement in it sees what is committed when it starts.</summary>
    public async ValueTask<T> ReadAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_idle.TryTake(out var session))
            {
                session = SqliteSession.Open(_path, SqliteAccess.ReadOnly, _busyTimeout);
            }

            try
            {
                return work(session);
            }
            catch (SqliteException)
            {
                session.Dispose();
                session = null;
                throw;
            }
            finally
            {
                if (session is not null)
                {
                    _idle.Add(session);
                }
            }
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose()
    {
        _writing.Wait();
        try
        {
            _disposed = true;
            while (_idle.TryTake(out var session))
            {
                session.Dispose();
            }

            _writer?.Dispose();
            _writer = null;
        }
        finally
        {
            _writing.Release();
        }
    }
}
