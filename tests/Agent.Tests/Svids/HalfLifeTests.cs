using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;

namespace MeshGrains.Agent.Tests;

public sealed class HalfLifeTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1.0, 30)]
    [InlineData(0.9, 24)]
    [InlineData(1.1, 36)]
    public void It_is_half_of_what_is_left_moved_by_a_part_of_the_life(double drawn, int minutes) =>
        Assert.Equal(Now.AddMinutes(minutes), HalfLife.Of(Now, Now.AddHours(1), 0.1, new Drawn(drawn)), TimeSpan.FromMilliseconds(1));

    [Fact]
    public void The_systems_jitter_stays_within_its_spread_and_uses_all_of_it()
    {
        var drawn = Enumerable.Range(0, 2000).Select(_ => new SystemJitter().Next(0.1)).ToList();

        Assert.All(drawn, factor => Assert.InRange(factor, 0.9, 1.1));
        Assert.True(drawn.Max() > 1.05 && drawn.Min() < 0.95);
        Assert.Equal(1, new SystemJitter().Next(0));
    }

    private sealed class Drawn(double factor) : IJitter
    {
        public double Next(double spread) => factor;
    }
}
