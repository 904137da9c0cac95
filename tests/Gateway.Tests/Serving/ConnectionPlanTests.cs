using FsCheck;
using FsCheck.Fluent;
using MeshGrains.Gateway.Serving;

namespace MeshGrains.Gateway.Tests.Serving;

public sealed class ConnectionPlanTests
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(30);

    [Fact]
    public void Without_a_certificate_age_and_drain_decide()
        => Assert.Equal((TimeSpan.FromHours(1), TimeSpan.FromHours(1) + Drain), ConnectionLifetime.Plan(TimeSpan.FromHours(1), Drain, null));

    [Fact]
    public void A_certificate_that_ends_sooner_is_never_outlived()
        => Assert.Equal(
            (TimeSpan.FromMinutes(10) - Drain, TimeSpan.FromMinutes(10)),
            ConnectionLifetime.Plan(TimeSpan.FromHours(1), Drain, TimeSpan.FromMinutes(10)));

    [Fact]
    public void An_ended_certificate_leaves_no_time()
        => Assert.Equal((TimeSpan.Zero, TimeSpan.Zero), ConnectionLifetime.Plan(TimeSpan.FromHours(1), Drain, TimeSpan.FromSeconds(-3)));

    [Fact]
    public void Every_plan_asks_before_it_cuts_and_keeps_within_age_and_certificate()
        => Prop.ForAll(ArbMap.Default.ArbFor<PositiveInt>(), ArbMap.Default.ArbFor<PositiveInt>(), ArbMap.Default.ArbFor<int>(), (age, drain, left) =>
        {
            var maxAge = TimeSpan.FromSeconds(age.Get);
            var maxDrain = TimeSpan.FromSeconds(drain.Get);
            var certificate = TimeSpan.FromSeconds(left);
            var (ask, cut) = ConnectionLifetime.Plan(maxAge, maxDrain, certificate);
            return TimeSpan.Zero <= ask && ask <= cut && ask <= maxAge && cut <= maxAge + maxDrain
                && cut <= (certificate > TimeSpan.Zero ? certificate : TimeSpan.Zero);
        }).QuickCheckThrowOnFailure();
}
