namespace MeshGrains.Bench.Tests.Rotation;

public sealed class RootTimelineTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddDays(20_000);

    [Fact]
    public void A_root_is_held_while_every_newest_bundle_of_the_time_has_it()
    {
        var timeline = Rotated();

        Assert.True(timeline.Held("old", At(1), At(29)));
        Assert.True(timeline.Held("next", At(11), At(500)));
        Assert.Equal(3, timeline.Bundles);
    }

    [Fact]
    public void A_certificate_that_outlives_its_root_in_the_bundle_is_not_held()
    {
        var timeline = Rotated();

        Assert.False(timeline.Held("old", At(1), At(30)));
        Assert.False(timeline.Held("old", At(40), At(41)));
    }

    [Fact]
    public void Nor_is_one_that_came_before_its_root_did() => Assert.False(Rotated().Held("next", At(9), At(40)));

    [Fact]
    public void An_older_bundle_that_comes_late_changes_nothing()
    {
        var timeline = Rotated();

        Assert.False(timeline.See(At(40), 2, ["old", "next"]));
        Assert.False(timeline.See(At(41), 3, ["old"]));
        Assert.False(timeline.Held("old", At(40), At(50)));
    }

    [Fact]
    public void Before_any_bundle_was_seen_nothing_is_held() => Assert.False(new RootTimeline().Held("old", At(0), At(1)));

    private static RootTimeline Rotated()
    {
        var timeline = new RootTimeline();
        Assert.True(timeline.See(At(0), 1, ["old"]));
        Assert.True(timeline.See(At(10), 2, ["old", "next"]));
        Assert.True(timeline.See(At(30), 3, ["next"]));
        return timeline;
    }

    private static DateTimeOffset At(double seconds) => Start.AddSeconds(seconds);
}
