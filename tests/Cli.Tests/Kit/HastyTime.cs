namespace MeshGrains.Cli.Tests;

/// <summary>A clock whose timers are due at once, so that waiting for the next try takes no time.</summary>
internal sealed class HastyTime(DateTimeOffset start) : TimeProvider
{
    private long _elapsed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => start;

    /// <summary>A second later at each look.</summary>
    public override long GetTimestamp() => Interlocked.Add(ref _elapsed, TimeSpan.TicksPerSecond);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        => System.CreateTimer(callback, state, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1));
}
