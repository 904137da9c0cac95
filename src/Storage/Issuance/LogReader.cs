using System.Collections.Concurrent;

namespace MeshGrains.Storage;

/// <summary>The read side of the log: a few sessions that are lent out, each one pair of log and index.</summary>
internal sealed class LogReader(LogPaths paths, TimeSpan busyTimeout) : IDisposable
{
    private const int Sessions = 4;

    private readonly SemaphoreSlim _slots = new(Sessions);
    private readonly ConcurrentBag<LogReadSession> _idle = [];
    private volatile bool _disposed;

    public async ValueTask<T> ReadAsync<T>(Func<LogReadSession, T> read, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_idle.TryTake(out var session))
            {
                session = new LogReadSession(paths, busyTimeout);
            }

            try
            {
                var result = read(session);
                _idle.Add(session);
                return result;
            }
            catch
            {
                // A session that failed may hold a file that was replaced; the next one starts afresh.
                session.Dispose();
                throw;
            }
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>Closes the idle sessions, so that the next reads open the files anew.</summary>
    public void Reset()
    {
        while (_idle.TryTake(out var session))
        {
            session.Dispose();
        }
    }

    public void Dispose()
    {
        _disposed = true;
        Reset();
    }
}
