using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

/// <summary>A home and its member with real grains; the link between them can be cut.</summary>
public sealed class MemberClusterGrainTests : IClassFixture<TwoClusters>
{
    private readonly TwoClusters _clusters;

    public MemberClusterGrainTests(TwoClusters clusters)
    {
        _clusters = clusters;
        clusters.Fresh();
    }

    private GrainWorld HomeWorld => _clusters.HomeWorld;

    private GrainWorld MemberWorld => _clusters.MemberWorld;

    [Fact]
    public async Task A_members_silo_gets_its_CA_from_the_homes_root_and_serves_the_homes_bundle()
    {
        var home = await _clusters.Home.EnsureAsync(HomeWorld.Ensure());
        var view = await _clusters.Member.EnsureAsync(MemberWorld.Ensure());
        var certified = await _clusters.SwapAsync(member: true);

        Assert.Equal((home.BundleNumber, home.Authorities[0].AuthorityId), (view.BundleNumber, view.Authorities[0].AuthorityId));
        Assert.Equal(home.Authorities[0].AuthorityId, certified.RootAuthorityId);
        Assert.Equal(TrustBundles.Of(home).ToPem(), TrustBundles.Of(view).ToPem());
        Assert.DoesNotContain(MemberWorld.Keys.Made, key => key.Name.Contains(_clusters.Name.Replace('.', '-'), StringComparison.Ordinal));
        foreach (var log in new[] { HomeWorld.Log, MemberWorld.Log })
        {
            var known = await log.FindBySerialAsync(_clusters.Name, ParsedCertificate.Read(certified.CertificateDer).SerialHex, null, default);
            Assert.Equal(("silo:eu/silo-1", IssuanceRecordKind.IssuingCa), (known!.Caller, known.Kind));
        }
    }

    [Fact]
    public async Task A_member_that_is_cut_off_serves_what_it_has_through_a_restart_and_gets_no_new_CA()
    {
        await _clusters.Home.EnsureAsync(HomeWorld.Ensure());
        var before = await _clusters.Member.EnsureAsync(MemberWorld.Ensure());
        await _clusters.SwapAsync(member: true);

        _clusters.Link(false);
        await _clusters.RestartMemberAsync();
        var after = await _clusters.Member.EnsureAsync(MemberWorld.Ensure());

        Assert.Equal((before.BundleNumber, TrustBundles.Of(before).ToPem()), (after.BundleNumber, TrustBundles.Of(after).ToPem()));
        Assert.Single(await _clusters.MemberCa.ListAsync());
        await Refused("home_unreachable", () => _clusters.SwapAsync(member: true));
    }

    [Fact]
    public async Task A_members_JWT_key_lies_in_the_bundle_of_both_before_it_signs()
    {
        await _clusters.Home.EnsureAsync(HomeWorld.Ensure());
        await _clusters.Member.EnsureAsync(MemberWorld.Ensure());

        var reserved = await _clusters.MemberGrains.GetGrain<IJwtAuthorityGrain>($"{_clusters.Name}/eu").ReserveAsync("reserve");

        foreach (var view in new[] { await _clusters.Home.GetAsync(), await _clusters.Member.GetAsync() })
        {
            var key = Assert.Single(view.JwtAuthorities!.Value);
            Assert.Equal((reserved.KeyId, "eu", 2), (key.KeyId, key.Cluster, view.BundleNumber));
        }
    }

    [Fact]
    public async Task Whoever_is_not_listed_asks_for_other_paths_or_has_no_silos_signature_gets_no_CA()
    {
        await _clusters.Home.EnsureAsync(HomeWorld.Ensure());
        var signed = HomeWorld.Keys.Signatures;
        await Refused("unknown_cluster", () => _clusters.HomeGrains.GetGrain<IMemberClusterGrain>($"{_clusters.Name}/us").CertifyAsync(MemberWorld.Request("a"), 3600, ["/ns/eu"]));
        await Refused("silo_refused", () => _clusters.MemberAtHome.CertifyAsync(MemberWorld.Request("b"), 3600, ["/ns"]));
        await Refused("silo_refused", () => _clusters.MemberAtHome.CertifyAsync(MemberWorld.Request("c"), 0, ["/ns/eu"]));

        // The home's own silos are none of the member's, nor is a request of another cluster's.
        await Refused("silo_refused", () => _clusters.MemberAtHome.CertifyAsync(HomeWorld.Request("d", clusterKey: $"{_clusters.Name}/eu"), 3600, ["/ns/eu"]));
        await Refused("silo_refused", () => _clusters.MemberAtHome.CertifyAsync(MemberWorld.Request("e", clusterKey: $"{_clusters.Name}/us"), 3600, ["/ns/eu"]));
        Assert.Equal(signed, HomeWorld.Keys.Signatures);
    }

    [Fact]
    public async Task A_members_silo_has_a_budget_at_the_home_and_no_longer_life_than_the_homes_CAs()
    {
        await _clusters.Home.EnsureAsync(HomeWorld.Ensure());
        var first = await _clusters.MemberAtHome.CertifyAsync(MemberWorld.Request("op-0"), long.MaxValue / 1000, ["/ns/eu"]);
        Assert.InRange(first.NotAfter, HomeWorld.Clock.GetUtcNow(), HomeWorld.Clock.GetUtcNow() + HomeWorld.Ca.IssuingCaTtl);
        for (var asked = 1; asked < HomeWorld.Ca.IssuingCaBudgetPerHour; asked++)
        {
            await _clusters.MemberAtHome.CertifyAsync(MemberWorld.Request($"op-{asked}"), 3600, ["/ns/eu"]);
        }

        await Refused("issuing_ca_budget", () => _clusters.MemberAtHome.CertifyAsync(MemberWorld.Request("one-more"), 3600, ["/ns/eu"]));
        await _clusters.MemberAtHome.CertifyAsync(MemberWorld.Request("other", silo: "silo-2"), 3600, ["/ns/eu"]);
    }

    [Fact]
    public async Task A_member_rotates_no_root_and_neither_becomes_the_other()
    {
        await _clusters.Home.EnsureAsync(HomeWorld.Ensure());
        await _clusters.Member.EnsureAsync(MemberWorld.Ensure());

        await Refused("not_home", () => _clusters.Member.StartRotationAsync(Start()));
        await Refused("not_home", () => _clusters.Member.ShareAsync());
        await Refused("is_home", async () => await _clusters.Home.FollowAsync(await _clusters.Home.ShareAsync()));
        var status = await _clusters.Member.JudgeRotationAsync(null);
        Assert.Contains("home.test:8445", status.Trouble, StringComparison.Ordinal);

        MemberWorld.Home.Address = "";
        await _clusters.RestartMemberAsync();
        try
        {
            await Refused("was_member", () => _clusters.Member.EnsureAsync(MemberWorld.Ensure()));
        }
        finally
        {
            MemberWorld.Home.Address = "home.test:8445";
        }
    }

    private static StartRotation Start() => new("rotate", "EcdsaP256", (long)TimeSpan.FromDays(3650).TotalSeconds, false, false, 0, "yearly", "ops");

    private static async Task Refused(string reason, Func<Task> call) =>
        Assert.Equal(reason, (await Assert.ThrowsAsync<GrainOperationException>(call)).Reason);
}
