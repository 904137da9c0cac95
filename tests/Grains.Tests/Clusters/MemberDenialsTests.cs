namespace MeshGrains.Grains.Tests;

/// <summary>A home's denials in its member, both with real grains: each step of the follower is done by hand.</summary>
public sealed class MemberDenialsTests : IClassFixture<TwoClusters>
{
    private const string Leaked = "/ns/eu/leaked";
    private readonly TwoClusters _clusters;

    public MemberDenialsTests(TwoClusters clusters)
    {
        _clusters = clusters;
        clusters.Fresh();
    }

    private IDenialGrain HomeDenials => _clusters.HomeGrains.GetGrain<IDenialGrain>(_clusters.Name);

    private IDenialGrain MemberDenials => _clusters.MemberGrains.GetGrain<IDenialGrain>(_clusters.Name);

    private string Identity => $"spiffe://{_clusters.Name}{Leaked}";

    [Fact]
    public async Task A_quarantine_at_home_is_held_in_the_member_from_when_every_silo_there_has_confirmed_and_was_heard()
    {
        await _clusters.Home.EnsureAsync(_clusters.HomeWorld.Ensure());
        await _clusters.Member.EnsureAsync(_clusters.MemberWorld.Ensure());
        await _clusters.SwapAsync(member: true);
        var receipt = await _clusters.HomeGrains.GetGrain<IWorkloadIdentityGrain>(Identity).QuarantineAsync("leaked", "ops", "op-1");

        var followed = await MemberDenials.FollowAsync(FollowedDenials.Of("main", await HomeDenials.ReadAsync()));
        Assert.Null(await _clusters.MemberAtHome.DenialsHeldAsync(receipt.Number));
        var inMember = Assert.Single((await MemberDenials.ReadAsync()).Denials);
        Assert.Equal((Identity, "main", "main: ops"), (inMember.Subject, inMember.Origin, inMember.Actor));

        // The silo holds a lease on an older set; when that is over, nobody there issues by it.
        _clusters.Advance(_clusters.MemberWorld.DenialOptions.Lease * 1.1);
        Assert.NotNull((await MemberDenials.StatusAsync(followed.Number)).EffectiveAt);
        var before = _clusters.HomeWorld.Clock.GetUtcNow();
        await HearAsync(receipt.Number);
        Assert.InRange((await _clusters.MemberAtHome.DenialsHeldAsync(receipt.Number))!.Value, before, _clusters.HomeWorld.Clock.GetUtcNow());

        // What was heard later says nothing new of it, and nothing of what came later yet.
        var since = await _clusters.MemberAtHome.DenialsHeldAsync(receipt.Number);
        _clusters.Advance(TimeSpan.FromSeconds(5));
        await HearAsync(receipt.Number);
        Assert.Equal(since, await _clusters.MemberAtHome.DenialsHeldAsync(receipt.Number));
        Assert.Null(await _clusters.MemberAtHome.DenialsHeldAsync(receipt.Number + 1));
    }

    [Fact]
    public async Task What_a_member_quarantines_stays_its_own_and_what_the_home_does_is_not_released_there()
    {
        await _clusters.Home.EnsureAsync(_clusters.HomeWorld.Ensure());
        await _clusters.Member.EnsureAsync(_clusters.MemberWorld.Ensure());
        var own = _clusters.MemberGrains.GetGrain<IWorkloadIdentityGrain>($"spiffe://{_clusters.Name}/ns/eu/own");
        await own.QuarantineAsync("leaked", "ops", "op-1");
        await _clusters.HomeGrains.GetGrain<IWorkloadIdentityGrain>(Identity).QuarantineAsync("leaked", "ops", "op-2");
        await MemberDenials.FollowAsync(FollowedDenials.Of("main", await HomeDenials.ReadAsync()));

        Assert.Single((await HomeDenials.ReadAsync()).Denials);
        var refused = await Assert.ThrowsAsync<GrainOperationException>(
            () => _clusters.MemberGrains.GetGrain<IWorkloadIdentityGrain>(Identity).ReleaseAsync("clean", "ops", "op-3"));
        Assert.Equal("denied_at_home", refused.Reason);

        await own.ReleaseAsync("clean", "ops", "op-4");
        Assert.Equal("main", Assert.Single((await MemberDenials.ReadAsync()).Denials).Origin);
    }

    private async Task HearAsync(long number) => await _clusters.MemberAtHome.HearAsync(
        await _clusters.MemberGrains.GetGrain<IRotationGrain>(_clusters.Name).ReportAsync() with { DenialsNumber = number });
}
