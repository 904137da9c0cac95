namespace MeshGrains.Bench.Tests.Holders;

public sealed class SlopeTests
{
    [Fact]
    public void What_comes_at_the_chosen_rate_keeps_the_slope()
    {
        var slope = Slope.Of([.. Enumerable.Repeat(300, 300)], 300);

        Assert.Equal((300, 300, 300), (slope.Mean, slope.P99, slope.Max));
        Assert.True(slope.Keeps(300));
    }

    [Fact]
    public void A_herd_within_one_window_leaves_it_though_the_mean_is_right()
    {
        int[] perSecond = [.. Enumerable.Repeat(250, 290), .. Enumerable.Repeat(1_750, 10)];

        var slope = Slope.Of(perSecond, 300);

        Assert.Equal(300, slope.Mean);
        Assert.Equal(1_750, slope.Max);
        Assert.False(slope.Keeps(300));
    }

    [Fact]
    public void A_herd_after_the_slope_s_time_counts_too()
    {
        int[] perSecond = [.. Enumerable.Repeat(100, 20), .. Enumerable.Repeat(0, 20), 4_000];

        var slope = Slope.Of(perSecond, 20);

        Assert.Equal(100, slope.P99);
        Assert.Equal(400, slope.Max);
        Assert.False(slope.Keeps(100));
    }

    [Theory]
    [InlineData(374, true)]
    [InlineData(376, false)]
    public void Of_many_certificates_a_window_may_hold_a_quarter_more(int rate, bool keeps) => Assert.Equal(keeps, Slope.Of([.. Enumerable.Repeat(rate, 30)], 30).Keeps(300));

    [Fact]
    public void Of_few_certificates_it_may_hold_what_a_draw_is_off()
    {
        // 20 in ten seconds, give or take four times the root of it.
        Assert.True(Slope.Of([20, 17], 10).Keeps(2));
        Assert.False(Slope.Of([20, 19], 10).Keeps(2));
    }

    [Fact]
    public void Nothing_has_no_rate() => Assert.Equal(new Slope(0, 0, 0), Slope.Of([], 10));
}
