using System.Diagnostics;

namespace MeshGrains.Faults;

/// <summary>A planted fault: a clock whose measured times run a thousand times too slow from some moment on, so that nothing that is counted down ends. The wall clock and timers go on.</summary>
internal sealed class SlowClock(TimeSpan after) : TimeProvider
{
    private const int Slowness = 1000;

    private readonly long _from = Stopwatch.GetTimestamp() + (long)(after.TotalSeconds * Stopwatch.Frequency);

    public override long GetTimestamp()
    {
        var now = Stopwatch.GetTimestamp();
        return now <= _from ? now : _from + ((now - _from) / Slowness);
    }
}
