namespace MeshGrains.Grains.Tests;

public sealed class MemberFactsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly RotationView Rotation = new(
        "rotate", RotationPhase.Drain, "former", "next", Now, Now, 7, null, false, false, false, 0, false, [], null);

    private static readonly ClusterReport Report = new(7, [], "rotate", RotationPhase.Drain, 7, new ClusterRotationFacts(
        "main", Now - TimeSpan.FromDays(1), Shortfall.None, Shortfall.None, Shortfall.None, Shortfall.None, 0, null, null));

    [Fact]
    public void A_report_counts_in_its_members_name_from_when_the_home_heard_it()
    {
        var facts = MemberFacts.Of(new ClusterStanding("eu", Now, Report), Rotation);

        Assert.Equal(("eu", Now, 0L, null), (facts.Cluster, facts.At, facts.Live, facts.Failure));
    }

    [Fact]
    public void What_was_said_of_another_rotation_phase_or_number_is_no_fact()
    {
        foreach (var other in new[]
        {
            Report with { RotationId = "before" }, Report with { Phase = RotationPhase.Activate }, Report with { Number = 6 }, Report with { Facts = null },
        })
        {
            var facts = MemberFacts.Of(new ClusterStanding("eu", Now, other), Rotation);
            Assert.Contains("not reported on this phase", facts.Failure, StringComparison.Ordinal);
            Assert.Null(facts.Live);
        }
    }

    [Fact]
    public void Who_was_never_heard_is_told_as_such() =>
        Assert.Contains("never", MemberFacts.Of(new ClusterStanding("eu", null, null), Rotation).Failure, StringComparison.Ordinal);
}
