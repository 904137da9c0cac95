using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Identity.Tests;

public sealed class ValidityTests
{
    private static readonly DateTimeOffset Now = Pki.Now;

    [Fact]
    public void A_leaf_runs_from_the_back_dated_start_to_the_end_of_its_time()
        => Assert.Equal(
            new Validity(Now.AddMinutes(-1), Now.AddHours(1)), Validity.ForLeaf(Now, TimeSpan.FromHours(1), Now.AddDays(1), TimeSpan.FromMinutes(1)));

    [Fact]
    public void A_leaf_is_clipped_to_its_issuer()
        => Assert.Equal(Now.AddMinutes(5), Validity.ForLeaf(Now, TimeSpan.FromHours(1), Now.AddMinutes(5), TimeSpan.Zero).NotAfter);

    [Fact]
    public void Nothing_is_issued_when_the_issuer_has_ended()
    {
        Assert.Throws<InvalidOperationException>(() => Validity.ForLeaf(Now, TimeSpan.FromHours(1), Now, TimeSpan.FromMinutes(1)));
        Assert.Throws<InvalidOperationException>(() => Validity.ForLeaf(Now, TimeSpan.FromHours(1), Now.AddSeconds(-1), TimeSpan.FromMinutes(1)));
        Assert.False(Validity.TryForLeaf(Now, TimeSpan.FromHours(1), Now, TimeSpan.Zero, out _));
    }

    [Fact]
    public void A_time_so_short_that_whole_seconds_leave_nothing_of_it_gives_no_leaf()
    {
        var now = Now.AddMilliseconds(200);
        Assert.False(Validity.TryForLeaf(now, TimeSpan.FromMilliseconds(500), Now.AddDays(1), TimeSpan.Zero, out _));
        Assert.True(Validity.TryForLeaf(now, TimeSpan.FromMilliseconds(900), Now.AddDays(1), TimeSpan.Zero, out _));
    }

    [Fact]
    public void Lifetimes_that_are_not_positive_are_a_mistake_of_the_caller()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Validity.ForLeaf(Now, TimeSpan.Zero, Now.AddDays(1), TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => Validity.ForLeaf(Now, TimeSpan.FromHours(1), Now.AddDays(1), TimeSpan.FromSeconds(-1)));
    }

    [Fact]
    public void A_leaf_never_outlives_its_issuer_nor_its_time_and_holds_now()
    {
        var milliseconds = Gen.Choose(0, int.MaxValue - 1);
        var inputs = from now in milliseconds from ttl in Gen.Choose(1, 100_000_000) from left in milliseconds from back in Gen.Choose(0, 600_000) select (now, ttl, left, back);
        Prop.ForAll(Arb.From(inputs), input =>
        {
            var now = Now.AddMilliseconds(input.now);
            var (ttl, end) = (TimeSpan.FromMilliseconds(input.ttl), now.AddMilliseconds(input.left));
            return !Validity.TryForLeaf(now, ttl, end, TimeSpan.FromMilliseconds(input.back), out var validity)
                || (validity.NotAfter <= end && validity.NotAfter <= now + ttl && validity.NotAfter > now && validity.NotBefore <= now && validity.Holds(now)
                    && validity.NotBefore.Millisecond == 0 && validity.NotAfter.Millisecond == 0);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Both_ends_hold_and_the_skew_widens_them()
    {
        var validity = new Validity(Now, Now.AddSeconds(10));
        Assert.True(validity.Holds(Now) && validity.Holds(Now.AddSeconds(10)) && validity.Holds(Now.AddSeconds(10.9)));
        Assert.False(validity.Holds(Now.AddTicks(-1)) || validity.Holds(Now.AddSeconds(11)));
        Assert.True(validity.Holds(Now.AddSeconds(-5), TimeSpan.FromSeconds(5)) && validity.Holds(Now.AddSeconds(15), TimeSpan.FromSeconds(5)));
        Assert.False(validity.Holds(Now.AddSeconds(-6), TimeSpan.FromSeconds(5)) || validity.Holds(Now.AddSeconds(16), TimeSpan.FromSeconds(5)));
        Assert.True(new Validity(Now, DerTime.Max).Holds(Now));
    }
}
