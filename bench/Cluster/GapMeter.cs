using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>The longest time between two successes of one client; the beginning and the end count as successes. Moments are <see cref="Stopwatch"/> ticks.</summary>
internal sealed class GapMeter(long begin)
{
    private readonly Lock _gate = new();
    private readonly List<(long From, long To)> _gaps = [];
    private long _last = begin;

    /// <summary>Gaps shorter than this are not kept: a client has thousands.</summary>
    private static readonly long Kept = Stopwatch.Frequency / 100;

    public void Succeeded(long at)
    {
        lock (_gate)
        {
            Note(at);
        }
    }

    /// <summary>The longest gap that touches the time from <paramref name="from"/> to <paramref name="to"/>, in whole.</summary>
    public TimeSpan Longest(long from, long to)
    {
        lock (_gate)
        {
            var open = (From: _last, To: Math.Max(to, _last));
            var longest = _gaps.Append(open).Where(gap => gap.From < to && gap.To > from).Select(gap => gap.To - gap.From).DefaultIfEmpty(0).Max();
            return Stopwatch.GetElapsedTime(0, longest);
        }
    }

    private void Note(long at)
    {
        if (at - _last >= Kept)
        {
            _gaps.Add((_last, at));
        }

        _last = Math.Max(_last, at);
    }
}
