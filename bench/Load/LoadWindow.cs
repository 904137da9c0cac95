using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>The warm-up and the measured window, in ticks of <see cref="Stopwatch"/>.</summary>
internal sealed class LoadWindow(TimeSpan warmup, TimeSpan measured)
{
    public long Begin { get; } = Stopwatch.GetTimestamp() + Ticks(warmup);

    public long End { get; } = Stopwatch.GetTimestamp() + Ticks(warmup) + Ticks(measured);

    public bool IsOver => Stopwatch.GetTimestamp() >= End;

    public Task UntilBeginAsync() => Task.Delay(Left(Begin));

    public Task UntilEndAsync() => Task.Delay(Left(End));

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private static TimeSpan Left(long until)
    {
        var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), until);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
