using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway;

/// <summary>
/// An issuer's keys, kept current. A known key is found without waiting and without a lock. An unknown one asks the issuer anew: one load at
/// a time for all who wait, and rarely, so that a flood of made-up key ids costs the issuer nothing. Keys outlive an unreachable issuer
/// up to a bound.
/// </summary>
internal sealed partial class KeySource(string name, IKeyLoader loader, KeySourceTimes times, TimeProvider time, ILogger<KeySource> logger)
{
    /// <summary>Calls that may wait for one load; more are turned away at once, so that a slow issuer cannot fill the gateway.</summary>
    private const int MaxWaiting = 64;

    private readonly Lock _gate = new();
    private readonly long _origin = time.GetTimestamp();
    private volatile Loaded? _loaded;
    private Task? _load;
    private long _lastLoad = long.MinValue;
    private volatile bool _lastFailed;
    private int _waiting;

    private sealed record Loaded(VerificationKeySet Keys, long Confirmed);

    /// <summary>The keys in hand, however old; empty before the first load.</summary>
    public VerificationKeySet Keys => _loaded?.Keys ?? VerificationKeySet.Empty;

    /// <summary>The load under way, if any.</summary>
    internal Task? Loading
    {
        get
        {
            lock (_gate)
            {
                return _load;
            }
        }
    }

    public ValueTask<KeyLookup> FindAsync(string keyId, CancellationToken cancellationToken)
    {
        if (Usable() is { } loaded)
        {
            if (time.GetElapsedTime(loaded.Confirmed) >= times.Refresh)
            {
                JoinOrStart();
            }

            if (loaded.Keys.TryGet(keyId, out var key))
            {
                return new ValueTask<KeyLookup>(KeyLookup.Found(key));
            }
        }

        return JoinOrStart() is { } load ? WaitAsync(load, keyId, cancellationToken) : new ValueTask<KeyLookup>(Settle(keyId));
    }

    /// <summary>Begins the first load, so that the first token need not wait for it.</summary>
    public void Warm() => JoinOrStart();

    private async ValueTask<KeyLookup> WaitAsync(Task load, string keyId, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return KeyLookup.Unavailable(TimeSpan.FromSeconds(1));
        }

        try
        {
            await load.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        return Settle(keyId);
    }

    /// <summary>The answer from what is in hand, after a load or when none is due.</summary>
    private KeyLookup Settle(string keyId)
    {
        var usable = Usable();
        if (usable is not null && usable.Keys.TryGet(keyId, out var key))
        {
            return KeyLookup.Found(key);
        }

        // While the issuer cannot be asked, an unknown key may be a new one: that is no reason to call the token bad.
        return usable is null || _lastFailed ? KeyLookup.Unavailable(UntilNextLoad()) : KeyLookup.Unknown;
    }

    private Loaded? Usable() => _loaded is { } loaded && time.GetElapsedTime(loaded.Confirmed) < times.MaxAge ? loaded : null;

    private TimeSpan UntilNextLoad()
    {
        var left = Pause - Since(Volatile.Read(ref _lastLoad));
        return left > TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1);
    }

    private TimeSpan Pause => _lastFailed ? times.BetweenFailures : times.Between;

    private TimeSpan Since(long loaded) => loaded == long.MinValue ? TimeSpan.MaxValue : time.GetElapsedTime(_origin) - TimeSpan.FromTicks(loaded);

    /// <summary>The load under way, a new one when one is due, or null.</summary>
    private Task? JoinOrStart()
    {
        // Without a lock while nothing is under way and none is due: this is where a flood ends up.
        if (Volatile.Read(ref _load) is null && Since(Volatile.Read(ref _lastLoad)) < Pause)
        {
            return null;
        }

        lock (_gate)
        {
            if (_load is null && Since(_lastLoad) >= Pause)
            {
                Volatile.Write(ref _lastLoad, time.GetElapsedTime(_origin).Ticks);
                _load = Task.Run(LoadAsync);
            }

            return _load;
        }
    }

    private async Task LoadAsync()
    {
        var started = time.GetTimestamp();
        try
        {
            var previous = Keys;
            var keys = await loader.LoadAsync(previous, CancellationToken.None).ConfigureAwait(false);
            _loaded = new Loaded(keys, started);
            if (!ReferenceEquals(keys, previous) || _lastFailed)
            {
                LogLoaded(name, loader.Description, keys.Count);
            }

            _lastFailed = false;
        }
        catch (Exception e)
        {
            // Whatever went wrong, the keys in hand stay and the next load comes.
            _lastFailed = true;
            LogFailed(name, loader.Description, e.Message, Keys.Count);
        }
        finally
        {
            lock (_gate)
            {
                _load = null;
            }
        }
    }

    [LoggerMessage(4101, LogLevel.Information, "Token issuer {Source}: {Count} keys from {From}")]
    private partial void LogLoaded(string source, string from, int count);

    [LoggerMessage(4102, LogLevel.Warning, "Token issuer {Source}: no keys from {From}: {Reason}. {Count} known keys stay in use for now")]
    private partial void LogFailed(string source, string from, string reason, int count);
}
