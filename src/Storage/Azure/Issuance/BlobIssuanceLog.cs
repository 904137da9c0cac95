using System.Collections.Concurrent;
using Azure;
using Azure.Storage.Blobs;
using MeshGrains.Grains;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Storage;

/// <summary>
/// The issuance log on append blobs. One thread takes what waits and sends one block to each shard, to different shards side by side; callers go
/// on when the store has answered for theirs. Every append holds a lease and names its position.
/// </summary>
public sealed partial class BlobIssuanceLog : IIssuanceLog, IDisposable, IAsyncDisposable
{
    private const int PooledAppends = 2048;
    private const int KnownShards = 256;
    private const int RememberedSerials = 1_000_000;
    private const int RememberedShards = 10_000;
    private const string ProbeName = "probe";

    private readonly BlobIssuanceLogOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<BlobIssuanceLog> _logger;
    private readonly LogBlobs _blobs;
    private readonly ShardOpener _opener;
    private readonly SegmentReader _segments;
    private readonly BlobLogReader _reader;
    private readonly BlobAnchors _anchors;
    private readonly AppendQueue _queue;
    private readonly KnownSerials _serials = new(RememberedSerials);
    private readonly OwnRecords _own;
    private readonly IRecordAuthenticator _authenticator;
    private readonly Dictionary<(string TrustDomain, string Issuer), ShardWriter> _shards = [];
    private readonly HashSet<(string TrustDomain, string Issuer)> _lost = [];
    private readonly ConcurrentDictionary<LogSegment, long> _written = new();
    private volatile Dictionary<LogSegment, long> _seen = [];
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _probeTimer;
    private readonly Thread _thread;
    private volatile bool _available = true;
    private volatile bool _probeDue;
    private TimeSpan _probeDelay;

    /// <param name="container">Gives the log's container, made where it was missing. Nothing is asked of it before the first use.</param>
    /// <param name="options">Bounds and times.</param>
    /// <param name="authenticator">For the serials of closed segments. While it has no key these are neither used nor written.</param>
    /// <param name="random">For the ids of leases.</param>
    /// <param name="time">For time limits and pauses.</param>
    /// <param name="logger">Failures and recoveries.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public BlobIssuanceLog(
        Func<CancellationToken, ValueTask<BlobContainerClient>> container, BlobIssuanceLogOptions options, IRecordAuthenticator authenticator,
        IRandomSource random, TimeProvider time,
        ILogger<BlobIssuanceLog> logger)
    {
        options.Validate();
        _options = options;
        _time = time;
        _logger = logger;
        _blobs = new LogBlobs(container, random);
        _opener = new ShardOpener(_blobs);
        _authenticator = authenticator;
        var serials = new SegmentSerials(_blobs, authenticator);
        _segments = new SegmentReader(_blobs, serials, options.CacheBytes / 5 * 3, options.CacheBytes / 5);
        _reader = new BlobLogReader(_blobs, _segments, new SerialSearch(_segments, serials, options.HotBytes));
        _own = new OwnRecords(options.CacheBytes / 5);
        _anchors = new BlobAnchors(_blobs);
        _probeDelay = options.ProbeDelay;
        _queue = new AppendQueue(options.QueueCapacity, options.BatchLimit, options.GatherWindow, PooledAppends);
        _probeTimer = time.CreateTimer(static log => ((BlobIssuanceLog)log!).ProbeNow(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _thread = new Thread(Run) { IsBackground = true, Name = "issuance log" };
        _thread.Start();
    }

    public int QueueDepth => _queue.Count;

    public bool IsAvailable => _available;

    /// <inheritdoc/>
    /// <remarks>Once queued the token is not looked at: the record may be in the log whatever the caller does.</remarks>
    public ValueTask AppendAsync(IssuanceRecord record, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(record);
        cancellationToken.ThrowIfCancellationRequested();
        LogSegment.RequireName(record.TrustDomain, "trust domain");
        LogSegment.RequireName(record.IssuerAuthorityId, "issuer");
        return _available ? _queue.AddAsync(record) : ValueTask.FromException(Unavailable());
    }

    public ValueTask<IssuanceRecord?> FindBySerialAsync(
        string trustDomain, string serial, CertificateHint? hint, CancellationToken cancellationToken)
        => _own.Find(trustDomain, serial) is { } own
            ? ValueTask.FromResult<IssuanceRecord?>(own)
            : AskAsync(limit => _reader.FindBySerialAsync(trustDomain, serial, hint, limit), cancellationToken);

    public ValueTask<IReadOnlyList<PositionedRecord>> FindByIdentityAsync(
        string trustDomain, string spiffeId, long? before, int limit, CancellationToken cancellationToken)
        => AskAsync<IReadOnlyList<PositionedRecord>>(
            async inside => await _reader.ListAsync(trustDomain, spiffeId, before ?? long.MaxValue, limit, inside).ConfigureAwait(false), cancellationToken);

    public ValueTask<IReadOnlyList<PositionedRecord>> ListAsync(string trustDomain, long? before, int limit, CancellationToken cancellationToken)
        => AskAsync<IReadOnlyList<PositionedRecord>>(
            async inside => await _reader.ListAsync(trustDomain, null, before ?? long.MaxValue, limit, inside).ConfigureAwait(false), cancellationToken);

    public ValueTask<IReadOnlyDictionary<string, long>> CountLiveAsync(string trustDomain, DateTimeOffset now, CancellationToken cancellationToken)
        => AskAsync<IReadOnlyDictionary<string, long>>(
            async inside => await _reader.CountLiveAsync(trustDomain, now.ToUnixTimeSeconds(), inside).ConfigureAwait(false), cancellationToken);

    public ValueTask<long> HighestBundleNumberAsync(string trustDomain, CancellationToken cancellationToken)
        => AskAsync(async inside => await _anchors.ReadAsync(trustDomain, BlobAnchors.BundleNumber, inside).ConfigureAwait(false), cancellationToken);

    public async ValueTask SealAsync(string trustDomain, string issuerAuthorityId, CancellationToken cancellationToken)
    {
        LogSegment.RequireName(trustDomain, "trust domain");
        LogSegment.RequireName(issuerAuthorityId, "issuer");
        using var limit = Limit(cancellationToken);
        try
        {
            var last = await new ShardSealer(_blobs, _opener, _time).SealAsync(trustDomain, issuerAuthorityId, limit.Token).ConfigureAwait(false);
            await _segments.WriteSummaryAsync(last, limit.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not IssuanceLogUnavailableException and not RecordTamperedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new IssuanceLogUnavailableException(
                "The log shard could not be sealed; whether it is, is not known.", _blobs.Explain(failure, cancellationToken));
        }
    }

    public ValueTask<long> ReadAnchorAsync(string trustDomain, LogAnchor anchor, CancellationToken cancellationToken)
        => AskAsync(async inside => await _anchors.ReadAsync(trustDomain, BlobAnchors.Name(anchor), inside).ConfigureAwait(false), cancellationToken);

    public async ValueTask RaiseAnchorAsync(string trustDomain, LogAnchor anchor, long value, CancellationToken cancellationToken)
    {
        LogSegment.RequireName(trustDomain, "trust domain");
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        var name = BlobAnchors.Name(anchor);
        using var limit = Limit(cancellationToken);
        try
        {
            await _anchors.RaiseAsync(trustDomain, name, value, limit.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not IssuanceLogUnavailableException and not RecordTamperedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new IssuanceLogUnavailableException("The anchor could not be raised.", _blobs.Explain(failure, cancellationToken));
        }
    }

    public async ValueTask<IReadOnlyList<string>> VerifyChainAsync(CancellationToken cancellationToken)
    {
        // What was written later than the walk saw it is longer, never shorter.
        var known = new Dictionary<LogSegment, long>(_seen);
        foreach (var (segment, length) in _written)
        {
            known[segment] = length;
        }

        var verification = new BlobLogVerification(_blobs, _authenticator, known);
        await verification.RunAsync(cancellationToken).ConfigureAwait(false);
        if (verification.Findings.Count == 0)
        {
            _seen = verification.Open.Take(RememberedShards).ToDictionary();
        }

        return verification.Findings;
    }

    public void Dispose()
    {
        _queue.Close();
        _thread.Join();
        _closing.Cancel();
        _probeTimer.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Close();
        await _ended.Task.ConfigureAwait(false);
        Dispose();
    }

    private static IssuanceLogUnavailableException Unavailable() => new("The issuance log cannot be written; it is tried again by itself.");

    private CancellationTokenSource Limit(CancellationToken cancellationToken)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        limit.CancelAfter(_options.RequestTimeout);
        return limit;
    }

    // A search of history may take long; each of its requests may not, and the client sees to that.
    private async ValueTask<T> AskAsync<T>(Func<CancellationToken, ValueTask<T>> ask, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        try
        {
            return await ask(limit.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is RequestFailedException or AggregateException or IOException or HttpRequestException or TaskCanceledException
            && !cancellationToken.IsCancellationRequested)
        {
            throw _blobs.Explain(failure, cancellationToken);
        }
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
                TryRecoverAsync().GetAwaiter().GetResult();
            }

            if (taken > 0)
            {
                WriteAsync(batch.AsSpan(0, taken).ToArray()).GetAwaiter().GetResult();
                Array.Clear(batch, 0, taken);
            }
        }

        _ended.SetResult();
    }

    private async Task WriteAsync(PendingAppend[] batch)
    {
        LogEvents.Raise(LogEvents.Begun);
        Exception? failed = null;
        if (_available)
        {
            try
            {
                await RaiseBundleAsync(batch).ConfigureAwait(false);
                var (shards, refused) = Choose(batch);
                BatchCompletion.Queue(refused.ToArray());
                var failures = await Task.WhenAll(shards.Select(shard => WriteAsync(shard.Key, shard.Value))).ConfigureAwait(false);
                failed = failures.FirstOrDefault(failure => failure is not null);
                if (failed is null)
                {
                    return;
                }
            }
            catch (Exception failure)
            {
                failed = failure;
                FailAll(batch, failure);
            }
        }
        else
        {
            FailAll(batch, null);
        }

        if (failed is not null)
        {
            Fail(failed);
        }
    }

    private static void FailAll(PendingAppend[] batch, Exception? failure)
    {
        foreach (var append in batch)
        {
            append.Fail(failure is null ? Unavailable() : new IssuanceLogUnavailableException("The issuance log could not take the record.", failure));
        }

        BatchCompletion.Queue(batch);
    }

    private async Task<Exception?> WriteAsync((string TrustDomain, string Issuer) key, List<PendingAppend> appends)
    {
        var shard = _shards[key];
        var failure = await shard.WriteAsync(appends).ConfigureAwait(false);
        if (failure is not null && !shard.IsUnsettled)
        {
            lock (_serials)
            {
                appends.ForEach(append => _serials.Forget(append.HasFailed && append.IsLeaf ? append.SerialHash : 0));
            }
        }

        if (shard.Written is { } written)
        {
            _written[written.Segment] = written.Length;
        }

        if (shard.IsLost)
        {
            lock (_lost)
            {
                if (_lost.Add(key))
                {
                    LogShardLost(_logger, key.Issuer);
                }
            }
        }

        _own.Add(appends);
        LogEvents.Raise(LogEvents.Synced);
        BatchCompletion.Queue(appends.ToArray());
        return failure;
    }

    private (Dictionary<(string TrustDomain, string Issuer), List<PendingAppend>> Shards, List<PendingAppend> Refused) Choose(PendingAppend[] batch)
    {
        var shards = new Dictionary<(string TrustDomain, string Issuer), List<PendingAppend>>();
        var refused = new List<PendingAppend>();
        var authorities = new HashSet<long>();
        foreach (var append in batch)
        {
            var key = (append.TrustDomain, append.Issuer);
            if (_lost.Contains(key))
            {
                append.Fail(new IssuanceShardSealedException(append.Issuer, "the shard was sealed or taken by another writer."));
                refused.Add(append);
                continue;
            }

            // Of authorities' certificates the log itself is asked, since their records are tried again under the same serial.
            if (!(append.IsLeaf ? _serials.TryAdd(append.SerialHash) : authorities.Add(append.SerialHash)))
            {
                append.Fail(new RecordConflictException($"issuance/{append.TrustDomain}/{append.Serial}", "the log has this serial already."));
                refused.Add(append);
                continue;
            }

            if (!shards.TryGetValue(key, out var list))
            {
                shards.Add(key, list = []);
                Know(key, shards);
            }

            list.Add(append);
        }

        return (shards, refused);
    }

    // Before the first record that carries it: who reads the anchor sees no lower number than any record shows.
    private async Task RaiseBundleAsync(PendingAppend[] batch)
    {
        using var limit = new CancellationTokenSource(_options.AppendTimeout, _time);
        foreach (var domain in batch.GroupBy(append => append.TrustDomain))
        {
            await _anchors.RaiseAsync(domain.Key, BlobAnchors.BundleNumber, domain.Max(append => append.BundleNumber), limit.Token).ConfigureAwait(false);
        }
    }

    private void Know((string TrustDomain, string Issuer) key, Dictionary<(string TrustDomain, string Issuer), List<PendingAppend>> inUse)
    {
        if (_shards.ContainsKey(key))
        {
            return;
        }

        if (_shards.Count >= KnownShards)
        {
            foreach (var idle in _shards.Where(pair => !pair.Value.IsUnsettled && !inUse.ContainsKey(pair.Key)).Select(pair => pair.Key).ToList())
            {
                _shards.Remove(idle);
            }
        }

        _shards.Add(key, new ShardWriter(_blobs, _opener, _reader, _options, _time, Closed, key.TrustDomain, key.Issuer));
    }

    private void Closed(LogSegment segment)
    {
        _written.TryRemove(segment, out _);
        _ = Task.Run(() => _segments.WriteSummaryAsync(segment, _closing.Token));
    }

    private void Fail(Exception failure)
    {
        if (_available)
        {
            _available = false;
            LogFailed(_logger, _blobs.Explain(failure, CancellationToken.None));
            _probeDelay = _options.ProbeDelay;
            _probeTimer.Change(_probeDelay, Timeout.InfiniteTimeSpan);
        }
    }

    // What is unsettled is settled first; a small write proves the rest.
    private async Task TryRecoverAsync()
    {
        if (_available)
        {
            return;
        }

        try
        {
            using var limit = new CancellationTokenSource(_options.AppendTimeout, _time);
            var probe = await _blobs.SmallAsync(ProbeName, limit.Token).ConfigureAwait(false);
            using var nothing = new MemoryStream();
            await probe.UploadAsync(nothing, cancellationToken: limit.Token).ConfigureAwait(false);
            foreach (var shard in _shards.Values.Where(shard => shard.IsUnsettled))
            {
                await shard.SettleAsync(limit.Token).ConfigureAwait(false);
            }

            _available = true;
            LogRecovered(_logger);
        }
        catch (Exception exception)
        {
            _probeDelay = _probeDelay * 2 > _options.MaxProbeDelay ? _options.MaxProbeDelay : _probeDelay * 2;
            LogStillFailed(_logger, (long)_probeDelay.TotalMilliseconds, _blobs.Explain(exception, CancellationToken.None).Message);
            _probeTimer.Change(_probeDelay, Timeout.InfiniteTimeSpan);
        }
    }
}
