using System.Diagnostics;

namespace MeshGrains.Bench.Tests.Cluster;

public sealed class GapMeterTests
{
    private static readonly long Second = Stopwatch.Frequency;

    [Fact]
    public void The_longest_time_between_successes_counts_in_whole_where_it_touches()
    {
        var meter = new GapMeter(0);
        meter.Succeeded(1 * Second);
        meter.Succeeded(5 * Second);
        meter.Succeeded(6 * Second);
        Assert.Equal(4, meter.Longest(0, 6 * Second).TotalSeconds);
        Assert.Equal(4, meter.Longest(4 * Second, 6 * Second).TotalSeconds);
        Assert.Equal(1, meter.Longest(5 * Second, 6 * Second).TotalSeconds);
    }

    [Fact]
    public void A_client_that_gets_nothing_any_more_has_a_gap_up_to_the_end()
    {
        var meter = new GapMeter(0);
        meter.Succeeded(1 * Second);
        Assert.Equal(29, meter.Longest(0, 30 * Second).TotalSeconds);
    }
}
