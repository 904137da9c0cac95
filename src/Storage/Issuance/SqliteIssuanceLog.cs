using MeshGrains.Grains;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Storage;

/// <summary>
/// The issuance log in SQLite (WAL, synchronous=FULL). One thread takes what waits, writes it as one batch a shard in one transaction, and lets
/// the callers go on when the commit has returned. Batches are stored as they are hashed; an index file beside the log follows behind.
/// </summary>
public sealed partial class SqliteIssuanceLog : IIssuanceLog, IDisposable, IAsyncDisposable
{
    private const long PagesPerCheckpoint = 4096;
    private const int PooledAppends = 1024;
    private const int BatchesPerVerifySlice = 256;
    private const int MaxCommands = 256;

    private readonly SqliteIssuanceLogOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<SqliteIssuanceLog> _logger;
    private readonly LogPaths _paths;
    private readonly AppendQueue _queue;
    private readonly LogCommands _commands = new(MaxCommands);
    private readonly LogReader _reader;
    private readonly Thread _thread;
    private readonly ITimer _probeTimer;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LogStore? _store;
    private volatile RecentRecords _recent;
    private volatile bool _available = true;
    private volatile bool _probeDue;
    private TimeSpan _probeDelay;
    private Task _maintenance = Task.CompletedTask;
    private volatile bool _checkpointed;

    /// <exception cref="SqliteSchemaException">The file is of another kind or of a newer version.</exception>
    /// <exception cref="RecordTamperedException">The log's end does not fit together.</exception>
    public SqliteIssuanceLog(SqliteIssuanceLogOptions options, TimeProvider time, ILogger<SqliteIssuanceLog> logger)
    {
        options.Validate();
        _options = options;
        _time = time;
        _logger = logger;
        _paths = new LogPaths(options.Path);
        _probeDelay = options.ProbeDelay;
        _queue = new AppendQueue(options.QueueCapacity, options.BatchLimit, options.GatherWindow, PooledAppends);
        _store = OpenStore();
        _recent = _store.Recent;
        _reader = new LogReader(_paths, options.BusyTimeout);
        _probeTimer = time.CreateTimer(
            static log => ((SqliteIssuanceLog)log!).ProbeNow(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _thread = new Thread(Run) { IsBackground = true, Name = "issuance log" };
        _thread.Start();
    }

    public int QueueDepth => _queue.Count;

    public bool IsAvailable => _available;

    /// <inheritdoc/>
    /// <remarks>Once queued the token is not looked at: the record will be in the log, and a commit takes milliseconds.</remarks>
    public ValueTask AppendAsync(IssuanceRecord record, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(record);
        cancellationToken.ThrowIfCancellationRequested();
        return _available
            ? _queue.AddAsync(record)
            : ValueTask.FromException(new IssuanceLogUnavailableException("The issuance log cannot be written; it is tried again by itself."));
    }

    public ValueTask<IssuanceRecord?> FindBySerialAsync(
        string trustDomain, string serial, CertificateHint? hint, CancellationToken cancellationToken)
        => _reader.ReadAsync(session => session.FindBySerial(_recent, trustDomain, serial), cancellationToken);

    public async ValueTask<IReadOnlyList<PositionedRecord>> FindByIdentityAsync(
        string trustDomain, string spiffeId, long? before, int limit, CancellationToken cancellationToken)
        => await _reader.ReadAsync(
            session => session.FindByIdentity(_recent, trustDomain, spiffeId, before ?? long.MaxValue, limit), cancellationToken).ConfigureAwait(false);

    public async ValueTask<IReadOnlyList<PositionedRecord>> ListAsync(
        string trustDomain, long? before, int limit, CancellationToken cancellationToken)
        => await _reader.ReadAsync(session => session.List(trustDomain, before ?? long.MaxValue, limit), cancellationToken).ConfigureAwait(false);

    public async ValueTask<IReadOnlyDictionary<string, long>> CountLiveAsync(
        string trustDomain, DateTimeOffset now, CancellationToken cancellationToken)
        => await _reader.ReadAsync(
            session => session.CountLive(_recent, trustDomain, now.ToUnixTimeSeconds()), cancellationToken).ConfigureAwait(false);

    public ValueTask<long> HighestBundleNumberAsync(string trustDomain, CancellationToken cancellationToken)
        => _reader.ReadAsync(session => session.HighestBundle(trustDomain), cancellationToken);

    public ValueTask SealAsync(string trustDomain, string issuerAuthorityId, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(trustDomain);
        ArgumentException.ThrowIfNullOrEmpty(issuerAuthorityId);
        return RunAsync(store => store.Seal(trustDomain, issuerAuthorityId), cancellationToken);
    }

    public ValueTask<long> ReadAnchorAsync(string trustDomain, LogAnchor anchor, CancellationToken cancellationToken)
        => _reader.ReadAsync(session => session.Anchor(trustDomain, anchor), cancellationToken);

    public ValueTask RaiseAnchorAsync(string trustDomain, LogAnchor anchor, long value, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(trustDomain);
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        return RunAsync(store => store.Raise(trustDomain, anchor, value), cancellationToken);
    }

    public async ValueTask<IReadOnlyList<string>> VerifyChainAsync(CancellationToken cancellationToken)
    {
        var verification = new LogVerification();
        while (await _reader.ReadAsync(session => session.Verify(verification, BatchesPerVerifySlice), cancellationToken).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return verification.Findings;
    }

    public void Dispose()
    {
        _queue.Close();
        _thread.Join();
        _probeTimer.Dispose();
        _reader.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Close();
        await _ended.Task.ConfigureAwait(false);
        Dispose();
    }

    // On the log's thread, between batches: it alone writes.
    private ValueTask RunAsync(Action<LogStore> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var command = new LogCommand(work);
        if (!_commands.TryAdd(command))
        {
            return ValueTask.FromException(new IssuanceLogUnavailableException("Too much waits for the issuance log, or it is closing."));
        }

        _queue.Wake();
        return new ValueTask(command.Outcome);
    }

    private LogStore OpenStore()
    {
        var store = new LogStore(_paths, _options.BatchLimit, _options.BusyTimeout);
        if (store.IndexWasMadeAnew)
        {
            LogIndexMadeAnew(_logger, _paths.Log);
        }

        return store;
    }

    private void ProbeNow()
    {
        _probeDue = true;
        _queue.Wake();
    }

    private void Run()
    {
        var batch = new PendingAppend[_options.BatchLimit];
        int taken;
        while ((taken = _queue.Take(batch)) >= 0)
        {
            if (_probeDue)
            {
                _probeDue = false;
                TryRecover();
            }

            RunCommands();
            if (taken > 0)
            {
                Commit(batch.AsSpan(0, taken));
                Array.Clear(batch, 0, taken);
                Maintain();
            }
        }

        _commands.Close();
        RunCommands();
        CloseStore(flush: true);
        _ended.SetResult();
    }

    private void RunCommands()
    {
        while (_commands.TryTake(out var command))
        {
            try
            {
                command.Run(_store ?? throw new IssuanceLogUnavailableException("The issuance log cannot be written; it is tried again by itself."));
            }
            catch (Exception exception)
            {
                command.Fail(new IssuanceLogUnavailableException("The issuance log could not be written.", exception));
                Fail(exception);
            }
        }
    }

    private void Commit(ReadOnlySpan<PendingAppend> batch)
    {
        try
        {
            if (_store is null)
            {
                throw new IssuanceLogUnavailableException("The issuance log cannot be written; it is tried again by itself.");
            }

            LogEvents.Raise(LogEvents.Begun);
            _store.Append(batch, static () => LogEvents.Raise(LogEvents.Written));
            LogEvents.Raise(LogEvents.Synced);
        }
        catch (Exception exception)
        {
            foreach (var append in batch)
            {
                append.Fail(new IssuanceLogUnavailableException("The issuance log could not take the record.", exception));
            }

            Fail(exception);
        }

        BatchCompletion.Queue(batch);
    }

    // A failure of the index or of a checkpoint counts as one of the log: without them it could not tell duplicates, or would fill the disk.
    private void Maintain()
    {
        try
        {
            if (_store is not null)
            {
                Maintain(_store);
            }
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    // Starts the bulk of the work on another thread and does here only what belongs to this one.
    private void Maintain(LogStore store)
    {
        if (_maintenance.IsFaulted || (store.MustFlush && !_maintenance.IsCompleted))
        {
            _maintenance.GetAwaiter().GetResult();
        }

        if (!_maintenance.IsCompleted)
        {
            return;
        }

        if (_checkpointed)
        {
            _checkpointed = false;
            store.FinishCheckpoint();
        }

        var flush = store.WantsFlush && store.Recent.TrySeal();
        var checkpoint = store.PagesSinceCheckpoint >= PagesPerCheckpoint;
        if (flush || checkpoint)
        {
            _maintenance = Task.Factory.StartNew(
                () => Maintain(store, checkpoint), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
    }

    private void Maintain(LogStore store, bool checkpoint)
    {
        FlushIndex(store);
        if (checkpoint)
        {
            using var session = SqliteSession.Open(_paths.Log, SqliteAccess.ReadWrite, _options.BusyTimeout);
            LogStore.Checkpoint(session);
            _checkpointed = true;
        }
    }

    private static void FlushIndex(LogStore store)
    {
        if (store.Recent.Sealed is { } entries)
        {
            store.Index.Add(entries.FirstPosition, entries.Snapshot());
            store.Recent.DropSealed();
        }
    }

    private void Fail(Exception exception)
    {
        if (_store is null)
        {
            return;
        }

        _available = false;
        LogFailed(_logger, exception, _paths.Log);
        CloseStore(flush: false);
        _probeDelay = _options.ProbeDelay;
        _probeTimer.Change(_probeDelay, Timeout.InfiniteTimeSpan);
    }

    private void TryRecover()
    {
        if (_store is not null)
        {
            return;
        }

        LogStore? store = null;
        try
        {
            store = OpenStore();
            store.Probe();
            _store = store;
            _recent = store.Recent;
            _reader.Reset();
            _available = true;
            LogRecovered(_logger, _paths.Log);
        }
        catch (Exception exception)
        {
            store?.Dispose();
            _probeDelay = _probeDelay * 2 > _options.MaxProbeDelay ? _options.MaxProbeDelay : _probeDelay * 2;
            LogStillFailed(_logger, _paths.Log, (long)_probeDelay.TotalMilliseconds, exception.Message);
            _probeTimer.Change(_probeDelay, Timeout.InfiniteTimeSpan);
        }
    }

    private void CloseStore(bool flush)
    {
        var store = _store;
        _store = null;
        if (store is null)
        {
            return;
        }

        try
        {
            _maintenance.GetAwaiter().GetResult();
            if (flush)
            {
                FlushIndex(store);
                if (store.Recent.TrySeal())
                {
                    FlushIndex(store);
                }
            }
        }
        catch (Exception exception)
        {
            // The log itself is safe; the next start makes up for the index.
            LogFailed(_logger, exception, _paths.Log);
        }

        _maintenance = Task.CompletedTask;
        _checkpointed = false;
        store.Dispose();
    }
}
