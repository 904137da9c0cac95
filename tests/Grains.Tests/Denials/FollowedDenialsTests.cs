using System.Collections.Immutable;

namespace MeshGrains.Grains.Tests;

public sealed class FollowedDenialsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void A_member_takes_what_the_home_denies_beside_its_own_and_lets_go_of_what_the_home_released()
    {
        var own = DenialDecisions.Add(DenialSet.Empty, Quarantine("spiffe://td/own"), 10);

        var both = Follow(own, 7, Quarantine("spiffe://td/a"), Quarantine("spiffe://td/own"));
        var released = Follow(both, 9);

        Assert.Equal((2L, 7L, 3), (both.Number, both.FollowedNumber!.Value, both.Denials.Length));
        Assert.Equal(("main", "main: op", 2L), (both.Denials[1].Origin, both.Denials[1].Actor, both.Denials[1].Number));
        Assert.Equal((3L, 9L), (released.Number, released.FollowedNumber!.Value));
        Assert.Equal(own.Denials.ToList(), released.Denials.ToList());
    }

    [Fact]
    public void What_changes_no_denial_writes_nothing_and_an_older_number_is_passed_over()
    {
        var set = Follow(DenialSet.Empty, 7, Quarantine("spiffe://td/a"));

        Assert.Same(set, Follow(set, 8, Quarantine("spiffe://td/a")));
        Assert.Same(set, Follow(set, 6));
    }

    [Fact]
    public void What_stands_keeps_its_number_when_the_home_denies_more()
    {
        var set = Follow(Follow(DenialSet.Empty, 7, Quarantine("spiffe://td/a")), 8, Quarantine("spiffe://td/a"), Quarantine("spiffe://td/b"));

        Assert.Equal([1L, 2L], set.Denials.Select(denial => denial.Number));
    }

    [Fact]
    public void Only_the_home_takes_back_what_it_denies()
    {
        var set = Follow(DenialDecisions.Add(DenialSet.Empty, Quarantine("spiffe://td/own"), 10), 7, Quarantine("spiffe://td/a"), Quarantine("spiffe://td/own"));

        var refused = Assert.Throws<GrainOperationException>(() => DenialDecisions.Remove(set, DenialKind.QuarantinedIdentity, "spiffe://td/a"));
        var released = DenialDecisions.Remove(set, DenialKind.QuarantinedIdentity, "spiffe://td/own");

        Assert.Equal(("denied_at_home", RefusalCode.Conflict), (refused.Reason, refused.Code));
        Assert.Equal("main", DenialDecisions.Find(released, DenialKind.QuarantinedIdentity, "spiffe://td/own")!.Origin);
    }

    [Fact]
    public void More_than_the_set_holds_is_refused_whole_and_says_what_to_do()
    {
        var own = DenialDecisions.Add(DenialSet.Empty, Quarantine("spiffe://td/own"), 2);
        var told = new FollowedDenials("main", 7, [Quarantine("spiffe://td/a"), Quarantine("spiffe://td/b")]);

        var refused = Assert.Throws<GrainOperationException>(() => DenialDecisions.Follow(own, told, 2, Now));

        Assert.Equal("denials_full", refused.Reason);
        Assert.Contains("denials.capacity", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deleted_registrations_and_what_has_ended_stay_at_home()
    {
        var deleted = new Denial(DenialKind.DeletedRegistration, "entry", 1, "gone", "op", Now, "1");
        var ended = new Denial(DenialKind.TaintedAuthority, "ca", 2, "sold", "op", Now, "2", Now.AddSeconds(-1));

        Assert.Same(ended, Assert.Single(FollowedDenials.Of("main", new DenialSet(2, [deleted, ended])).Denials));
        Assert.Same(DenialSet.Empty, Follow(DenialSet.Empty, 2, deleted, ended));
    }

    [Fact]
    public void An_authority_tainted_here_and_at_home_is_replaced_within_the_shorter_time()
    {
        var tainted = new Denial(DenialKind.TaintedAuthority, "ca", 0, "sold", "op", Now, "1") { ReissueOverSeconds = 600 };
        var set = Follow(DenialDecisions.Add(DenialSet.Empty, tainted, 10), 7, tainted with { ReissueOverSeconds = 60 });

        Assert.Equal(new ReissueOrder("ca", 60), Assert.Single(new DenialSnapshot(set, null).Reissues));
    }

    private static DenialSet Follow(DenialSet set, long number, params ImmutableArray<Denial> told) =>
        DenialDecisions.Follow(set, new FollowedDenials("main", number, told), 100, Now);

    private static Denial Quarantine(string id) => new(DenialKind.QuarantinedIdentity, id, 0, "leaked", "op", Now, "op-1");
}
