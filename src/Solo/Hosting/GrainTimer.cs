using Orleans.Runtime;

namespace Orleans.Solo;

/// <summary>A timer of one activation. Each tick is a message to the activation, so that it takes its turn like a call.</summary>
internal sealed class GrainTimer : Request, IGrainTimer
{
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly GrainTimerCreationOptions _options;
    private readonly CancellationTokenSource _disposal = new();
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private TimeSpan _period;
    private TimeSpan? _changedDue;
    private bool _ticking;
    private volatile bool _disposed;

    public GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options, TimeProvider clock)
    {
        Validate(options.DueTime, options.Period);
        (_activation, _callback, _options, _period) = (activation, callback, options, options.Period);
        _timer = clock.CreateTimer(static timer => ((GrainTimer)timer!).Due(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override string Name => "a timer's tick";

    public override bool IsCompleted => _disposed;

    public override bool AlwaysInterleaves => _options.Interleave;

    public override bool IsLocal => true;

    public override bool IsOneWay => true;

    public override bool KeepsAlive => _options.KeepAlive;

    public void Begin() => _timer.Change(_options.DueTime, Timeout.InfiniteTimeSpan);

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Validate(dueTime, period);
        lock (_gate)
        {
            _period = period;
            if (_ticking)
            {
                _changedDue = dueTime;
            }
            else if (!_disposed)
            {
                _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
            }
        }
    }

    public override async Task RunAsync(object target, TurnScheduler? turns)
    {
        try
        {
            if (!IsCompleted)
            {
                await _callback(_disposal.Token);
            }
        }
        finally
        {
            lock (_gate)
            {
                var next = _changedDue ?? _period;
                (_ticking, _changedDue) = (false, null);
                if (!IsCompleted)
                {
                    _timer.Change(next, Timeout.InfiniteTimeSpan);
                }
            }
        }
    }

    public override void Fail(Exception exception)
    {
        // The activation has logged it, and there is nobody else to tell.
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _timer.Dispose();
        }

        _disposal.Cancel();
        _activation.Forget(this);
    }

    private static void Validate(TimeSpan dueTime, TimeSpan period)
    {
        const long longest = 0xfffffffe;
        ArgumentOutOfRangeException.ThrowIfLessThan((long)dueTime.TotalMilliseconds, -1, nameof(dueTime));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)dueTime.TotalMilliseconds, longest, nameof(dueTime));
        ArgumentOutOfRangeException.ThrowIfLessThan((long)period.TotalMilliseconds, -1, nameof(period));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)period.TotalMilliseconds, longest, nameof(period));
    }

    private void Due()
    {
        lock (_gate)
        {
            if (_ticking || IsCompleted)
            {
                return;
            }

            _ticking = true;
        }

        _activation.TryEnqueue(this);
    }
}
