namespace MeshGrains.Testing;

/// <summary>
/// A clock that stands still until it is moved. Timers fire inside <see cref="Advance"/>, on the caller's thread, in the order they are due,
/// each seeing its own due instant as now. Wall clock and timestamps move together unless <see cref="SetUtcNow"/> makes the wall clock jump.
/// </summary>
public sealed class FakeTimeProvider : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<FakeTimer> _timers = [];
    private DateTimeOffset _utcNow;
    private TimeSpan _elapsed;
    private long _nextOrder;
    private long _timersSet;

    /// <summary>Starts at 2030-01-01 00:00:00 UTC.</summary>
    public FakeTimeProvider()
        : this(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    public FakeTimeProvider(DateTimeOffset start) => _utcNow = start.ToUniversalTime();

    /// <summary>Ticks of 100 ns.</summary>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>How many timers are waiting to fire.</summary>
    public int ActiveTimers
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count;
            }
        }
    }

    /// <summary>How often a timer was set so far. It tells a new wait from one that stood before.</summary>
    public long TimersSet
    {
        get
        {
            lock (_gate)
            {
                return _timersSet;
            }
        }
    }

    /// <summary>How long until the next timer is due; null when none waits.</summary>
    public TimeSpan? UntilNextTimer
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count == 0 ? null : _timers.Min(timer => timer.Due) - _elapsed;
            }
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _utcNow;
        }
    }

    public override long GetTimestamp()
    {
        lock (_gate)
        {
            return _elapsed.Ticks;
        }
    }

    /// <summary>Makes the wall clock jump, as a corrected clock does: timers and timestamps do not notice.</summary>
    public void SetUtcNow(DateTimeOffset now)
    {
        lock (_gate)
        {
            _utcNow = now.ToUniversalTime();
        }
    }

    /// <summary>Moves time forward and fires what falls due on the way, periodic timers as often as they are due.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan target;
        lock (_gate)
        {
            target = _elapsed + by;
        }

        while (TakeDue(target) is { } timer)
        {
            timer.Fire();
        }

        lock (_gate)
        {
            MoveTo(target);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private FakeTimer? TakeDue(TimeSpan target)
    {
        lock (_gate)
        {
            var timer = _timers.Where(timer => timer.Due <= target).OrderBy(timer => timer.Due).ThenBy(timer => timer.Order).FirstOrDefault();
            if (timer is null)
            {
                return null;
            }

            MoveTo(timer.Due);
            if (timer.Period > TimeSpan.Zero)
            {
                timer.Due += timer.Period;
                timer.Order = _nextOrder++;
            }
            else
            {
                _timers.Remove(timer);
            }

            return timer;
        }
    }

    private void MoveTo(TimeSpan instant)
    {
        if (instant > _elapsed)
        {
            _utcNow += instant - _elapsed;
            _elapsed = instant;
        }
    }

    private sealed class FakeTimer(FakeTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        private bool _disposed;

        public TimeSpan Due { get; set; }

        public TimeSpan Period { get; private set; }

        public long Order { get; set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._gate)
            {
                owner._timers.Remove(this);
                if (_disposed)
                {
                    return false;
                }

                Period = period == Timeout.InfiniteTimeSpan ? TimeSpan.Zero : period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = owner._elapsed + dueTime;
                    Order = owner._nextOrder++;
                    owner._timersSet++;
                    owner._timers.Add(this);
                }

                return true;
            }
        }

        public void Dispose()
        {
            lock (owner._gate)
            {
                _disposed = true;
                owner._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
