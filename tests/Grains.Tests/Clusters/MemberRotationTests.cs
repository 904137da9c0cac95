namespace MeshGrains.Grains.Tests;

/// <summary>A rotation of the root with a home and a member, both with real grains: each silo and report is told by hand.</summary>
public sealed class MemberRotationTests : IClassFixture<TwoClusters>
{
    private readonly TwoClusters _clusters;

    public MemberRotationTests(TwoClusters clusters)
    {
        _clusters = clusters;
        clusters.Fresh();
    }

    private GrainWorld HomeWorld => _clusters.HomeWorld;

    private GrainWorld MemberWorld => _clusters.MemberWorld;

    [Fact]
    public async Task A_roots_rotation_waits_for_a_member_by_name_in_every_phase_and_passes_when_it_has_reported()
    {
        await _clusters.Home.EnsureAsync(HomeWorld.Ensure());
        await _clusters.Member.EnsureAsync(MemberWorld.Ensure());
        var former = await _clusters.SwapAsync(member: false);
        var members = await _clusters.SwapAsync(member: true);
        await LeafAsync(members);
        await StartAsync();
        await _clusters.SwapAsync(member: false);
        await WaitsForMemberAsync(RotationGate.Silos, "never reported");

        // It has the bundle and has not swapped; then it has; and what was delivered with the older bundle still lives there.
        await _clusters.FollowAsync();
        await WaitsForMemberAsync(RotationGate.Silos, "silo-1 (bundle 1)");
        await _clusters.SwapAsync(member: true);
        await _clusters.FollowAsync();
        await WaitsForAsync(RotationGate.Certificates, "1 live");
        Assert.True(MemberWorld.Log.IsSealed(members.AuthorityId));
        _clusters.Advance(TimeSpan.FromMinutes(30));
        await ConfirmBothAsync();
        await _clusters.Rotation.TickAsync();

        // Heard too long ago: cut off.
        await WaitsForMemberAsync(RotationGate.Certificates, "eu");
        await WaitsForMemberAsync(RotationGate.Silos, "nothing heard since");
        _clusters.Advance(TimeSpan.FromMinutes(40));
        await ConfirmBothAsync();
        await _clusters.FollowAsync();
        await _clusters.Rotation.TickAsync();
        Assert.Equal(RotationPhase.Activate, await PhaseAsync());

        // What it said of the former phase says nothing of this one.
        await _clusters.SwapAsync(member: false);
        await WaitsForMemberAsync(RotationGate.Silos, "not reported on this phase");
        for (var phase = await PhaseAsync(); phase != RotationPhase.Done; phase = await PhaseAsync())
        {
            await _clusters.FollowAsync();
            Assert.Equal(former.RootAuthorityId, (await _clusters.Member.GetAsync()).Rotation!.FormerAuthorityId);
            if (phase == RotationPhase.Activate)
            {
                Assert.NotEqual(former.RootAuthorityId, (await _clusters.SwapAsync(member: true)).RootAuthorityId);
            }

            await ConfirmBothAsync();
            await _clusters.FollowAsync();
            await _clusters.Rotation.TickAsync();
            Assert.NotEqual(phase, await PhaseAsync());
        }

        await _clusters.FollowAsync();
        Assert.Single(TrustBundles.Of(await _clusters.Member.GetAsync()).X509Authorities);
        Assert.Equal((await _clusters.Home.GetAsync()).BundleNumber, (await _clusters.Member.GetAsync()).BundleNumber);
    }

    private static StartRotation Start() => new("rotate", "EcdsaP256", (long)TimeSpan.FromDays(3650).TotalSeconds, false, false, 0, "yearly", "ops");

    private async Task StartAsync()
    {
        await _clusters.Home.StartRotationAsync(Start());
        await _clusters.Rotation.TickAsync();
        Assert.Equal(RotationPhase.Distribute, await PhaseAsync());
    }

    private async Task<RotationPhase> PhaseAsync() => (await _clusters.Home.GetAsync()).Rotation!.Phase;

    private async Task ConfirmBothAsync()
    {
        await _clusters.ConfirmAsync(member: false, (await _clusters.Home.GetAsync()).BundleNumber);
        await _clusters.ConfirmAsync(member: true, (await _clusters.Member.GetAsync()).BundleNumber);
    }

    private ValueTask LeafAsync(CertifiedIssuingCa issuer)
    {
        var now = MemberWorld.Clock.GetUtcNow();
        return MemberWorld.Log.AppendAsync(
            new IssuanceRecord(
                IssuanceRecordKind.X509Svid, _clusters.Name, $"leaf-{_clusters.Name}", $"spiffe://{_clusters.Name}/ns/eu/web", issuer.AuthorityId, now, now + TimeSpan.FromHours(1),
                "r", "c", "e", now, issuer.BundleNumber, default, now),
            default);
    }

    private Task WaitsForMemberAsync(string gate, string told) => WaitsForAsync(gate, told, "eu");

    private async Task WaitsForAsync(string gate, params string[] told)
    {
        await _clusters.Rotation.TickAsync();
        var status = await _clusters.Rotation.StatusAsync();
        var found = status.Gates.Single(one => one.Name == gate);
        Assert.False(found.IsOpen);
        var words = $"{found.Detail} {string.Join(' ', found.Names)}";
        Assert.All(told, word => Assert.Contains(word, words, StringComparison.Ordinal));
    }
}
