using MeshGrains.Gateway.Acme;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Acme;

public sealed class AcmeDecisionsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly FederationAcmeOptions Options = new() { DomainName = "mesh.test", DirectoryUrl = "https://ca.test/dir" };
    private static readonly AcmeDocument Issued = new()
    {
        Directory = Options.DirectoryUrl, Domain = Options.DomainName, Chain = "chain", Key = [1], Window = new AcmeWindow(null, null, Now.AddHours(1)),
    };

    [Theory]
    [InlineData(0, 30, false)]
    [InlineData(0, 56, true)]
    [InlineData(0.99, 64, false)]
    [InlineData(0.99, 65, true)]
    public void Without_a_word_from_the_CA_it_is_renewed_about_two_thirds_into_its_life(double draw, int day, bool due) =>
        Assert.Equal(due ? AcmeStep.Order : AcmeStep.Nothing, AcmeDecisions.Next(Issued, Leaf(draw, Now.AddDays(-day)), Options, "me", Now));

    [Fact]
    public void Within_the_window_that_the_CA_gives_and_never_in_the_last_tenth()
    {
        var leaf = Leaf(0.5, Now);
        Assert.Equal(Now.AddDays(11), AcmeDecisions.RenewAt(leaf, new AcmeWindow(Now.AddDays(10), Now.AddDays(12), Now)));
        Assert.Equal(Now.AddDays(81), AcmeDecisions.RenewAt(leaf, new AcmeWindow(Now.AddDays(89), Now.AddDays(90), Now)));

        // A revocation to come: the window lies behind.
        var early = Issued with { Window = new AcmeWindow(Now.AddDays(-2), Now.AddDays(-1), Now.AddHours(1)) };
        Assert.Equal(AcmeStep.Order, AcmeDecisions.Next(early, leaf, Options, "me", Now));
    }

    [Fact]
    public void The_CA_is_asked_again_when_its_word_is_old_and_within_an_hour_and_a_day()
    {
        Assert.Equal(AcmeStep.AskWhen, AcmeDecisions.Next(Issued with { Window = null }, Leaf(0, Now), Options, "me", Now));
        Assert.Equal(Now.AddHours(1), AcmeDecisions.Asked(Issued, null, TimeSpan.Zero, Now).Window!.AskAgainAt);
        Assert.Equal(Now.AddHours(24), AcmeDecisions.Asked(Issued, null, TimeSpan.FromDays(9), Now).Window!.AskAgainAt);
        var turned = AcmeDecisions.Asked(Issued, new AcmeRenewalWindow(Now.AddDays(2), Now.AddDays(1)), null, Now).Window!;
        Assert.Equal((null, null), (turned.Start, turned.End));
    }

    [Fact]
    public void Another_name_or_another_CA_is_a_new_order()
    {
        Assert.Equal(AcmeStep.Order, AcmeDecisions.Next(Issued with { Domain = "old.test" }, Leaf(0, Now), Options, "me", Now));
        Assert.Equal(AcmeStep.Order, AcmeDecisions.Next(Issued with { Directory = "https://old.test/dir" }, Leaf(0, Now), Options, "me", Now));
        Assert.Equal(AcmeStep.Order, AcmeDecisions.Next(new AcmeDocument(), null, Options, "me", Now));
    }

    [Fact]
    public void While_one_orders_the_others_wait_and_one_that_died_is_followed()
    {
        var taken = AcmeDecisions.Take(new AcmeDocument(), "other", Now);
        Assert.Equal(AcmeStep.Nothing, AcmeDecisions.Next(taken, null, Options, "me", Now));
        Assert.Equal(AcmeStep.Order, AcmeDecisions.Next(taken, null, Options, "other", Now));
        Assert.Equal(AcmeStep.Order, AcmeDecisions.Next(taken, null, Options, "me", Now + AcmeDecisions.TurnHolds));
        Assert.True(AcmeDecisions.OrderTakes < AcmeDecisions.TurnHolds);
    }

    [Fact]
    public void Failures_pause_longer_each_time_and_as_long_as_the_CA_says()
    {
        var failed = AcmeDecisions.Failed(Issued, "no", null, 1, Now);
        Assert.Equal((1, Now.AddMinutes(2), "chain"), (failed.Failures, failed.NextAttemptAt, failed.Chain));
        Assert.Equal(AcmeStep.Nothing, AcmeDecisions.Next(failed, Leaf(0, Now.AddDays(-80)), Options, "me", Now.AddMinutes(1)));
        Assert.Equal(AcmeStep.Order, AcmeDecisions.Next(failed, Leaf(0, Now.AddDays(-80)), Options, "me", Now.AddMinutes(2)));
        Assert.Equal(Now.AddMinutes(4), AcmeDecisions.Failed(failed, "no", null, 1, Now).NextAttemptAt);
        Assert.Equal(Now.AddHours(6), AcmeDecisions.Failed(Issued with { Failures = 1000 }, "no", null, 1, Now).NextAttemptAt);
        Assert.Equal(Now.AddDays(2), AcmeDecisions.Failed(Issued, "rate", TimeSpan.FromDays(2), 1, Now).NextAttemptAt);
        Assert.Equal((0, null, null), AcmeDecisions.Issued(failed, Options, "new", [2]) is var good ? (good.Failures, good.NextAttemptAt, good.Failure) : default);
    }

    private static AcmeLeaf Leaf(double draw, DateTimeOffset notBefore) => new(notBefore, notBefore.AddDays(90), "aki.serial", draw);
}
