using MeshGrains.Identity;
using Orleans;

namespace MeshGrains.Grains.Tests;

public sealed class FederationGrainTests : IClassFixture<HostedGrains>
{
    private const string Name = "other.test";
    private readonly HostedGrains _host;

    public FederationGrainTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
        host.World.Fetcher.Hosts.Clear();
        host.World.Fetcher.Asked.Clear();
    }

    private GrainWorld World => _host.World;

    private DateTimeOffset Now => World.Clock.GetUtcNow();

    private IFederationSetGrain Set => _host.Grains.GetGrain<IFederationSetGrain>(World.TrustDomain.Name);

    [Fact]
    public async Task A_relationship_is_polled_when_it_is_due_and_the_list_names_each_change()
    {
        World.Fetcher.Serve("bundle.test", ForeignRoot.Bundle(Name, 1, Root()));
        await Grain(Name).PutAsync(Web(Name));
        Assert.Equal(0, Assert.Single((await Set.ListAsync()).Members).Number);

        var view = await Grain(Name).TickAsync();
        Assert.Equal((1UL, 1, null), (view!.Sequence!.Value, view.Roots.Length, view.FailureReason));
        Assert.Equal(view.Number, Assert.Single((await Set.ListAsync()).Members).Number);

        await Grain(Name).TickAsync();
        Assert.Single(World.Fetcher.Asked);

        World.Fetcher.Serve("bundle.test", ForeignRoot.Bundle(Name, 2, Root()));
        World.Clock.Advance(TimeSpan.FromMinutes(6));
        var next = await Grain(Name).TickAsync();
        Assert.True(next!.Number > view.Number);
        Assert.Equal(next.Number, Assert.Single((await Set.ListAsync()).Members).Number);
        Assert.Equal(next.Number, (await Grain(Name).KeysAsync())!.Number);
    }

    [Fact]
    public async Task What_an_endpoint_lies_is_refused_and_the_last_good_bundle_stays()
    {
        World.Fetcher.Serve("bundle.test", ForeignRoot.Bundle(Name, 5, Root()));
        await Grain(Name).PutAsync(Web(Name));
        var good = await Grain(Name).RefreshAsync();
        World.Fetcher.Serve("bundle.test", ForeignRoot.Bundle(Name, 4, Root()));

        var view = await Grain(Name).RefreshAsync();

        Assert.Equal(("sequence_rollback", 1, good!.Number, good.Roots[0]), (view!.FailureReason, view.Failures, view.Number, view.Roots[0]));
        World.Fetcher.Hosts.Clear();
        Assert.Equal(("unreachable", 2), (await Grain(Name).RefreshAsync()) is { } after ? (after.FailureReason, after.Failures) : default);
    }

    [Fact]
    public async Task A_deleted_relationship_leaves_the_list_and_begins_anew_with_a_higher_number()
    {
        World.Fetcher.Serve("bundle.test", ForeignRoot.Bundle(Name, 5, Root()));
        await Grain(Name).PutAsync(Web(Name));
        var before = await Grain(Name).RefreshAsync();

        Assert.True(await Grain(Name).DeleteAsync("op-del"));
        Assert.True(await Grain(Name).DeleteAsync("op-del"));
        Assert.False(await Grain(Name).DeleteAsync("op-other"));
        Assert.Empty((await Set.ListAsync()).Members);
        Assert.Null(await Grain(Name).GetAsync());
        Assert.Null(await Grain(Name).KeysAsync());

        await Grain(Name).PutAsync(Web(Name) with { OperationId = "op-2" });
        Assert.True((await Grain(Name).RefreshAsync())!.Number > before!.Number);
    }

    [Fact]
    public async Task An_https_spiffe_endpoint_is_judged_by_the_last_good_bundle_of_its_own_trust_domain()
    {
        var (first, second) = (Root(), Root());
        World.Fetcher.Serve("bundle.test", ForeignRoot.Bundle(Name, 2, second));
        await Grain(Name).PutAsync(Web(Name) with
        {
            Profile = BundleEndpointProfile.Spiffe, EndpointSpiffeId = $"spiffe://{Name}/e", Bundle = ForeignRoot.Bundle(Name, 1, first),
        });
        await Grain(Name).RefreshAsync();
        await Grain(Name).RefreshAsync();

        Assert.Equal([first, second], World.Fetcher.Asked.Select(asked => Assert.Single(asked.EndpointBundle!.X509Authorities).Der.ToArray()));
        Assert.All(World.Fetcher.Asked, asked => Assert.Equal(Name, asked.EndpointBundle!.TrustDomain.Name));
    }

    [Fact]
    public async Task An_endpoint_of_a_third_trust_domain_is_not_asked_before_that_one_is_known()
    {
        await Grain(Name).PutAsync(Web(Name) with { Profile = BundleEndpointProfile.Spiffe, EndpointSpiffeId = "spiffe://third.test/e" });
        Assert.Equal("endpoint_unknown", (await Grain(Name).RefreshAsync())!.FailureReason);
        Assert.Empty(World.Fetcher.Asked);

        World.Fetcher.Serve("bundle.test", ForeignRoot.Bundle(Name, 1, Root()));
        World.Fetcher.Serve("third.test", ForeignRoot.Bundle("third.test", 1, ForeignRoot.Make("spiffe://third.test", now: Now)));
        await Grain("third.test").PutAsync(Web("third.test") with { Url = "https://third.test/" });
        await Grain("third.test").RefreshAsync();
        Assert.Null((await Grain(Name).RefreshAsync())!.FailureReason);
        Assert.Equal("third.test", World.Fetcher.Asked.Last().EndpointBundle!.TrustDomain.Name);
    }

    [Fact]
    public async Task While_a_fetch_hangs_the_keys_are_told()
    {
        World.Fetcher.Serve("bundle.test", ForeignRoot.Bundle(Name, 1, Root()));
        await Grain(Name).PutAsync(Web(Name));
        await Grain(Name).RefreshAsync();
        var hung = new TaskCompletionSource<BundleAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        World.Fetcher.Hosts["bundle.test"] = _ =>
        {
            begun.TrySetResult();
            return hung.Task;
        };
        var refreshing = Grain(Name).RefreshAsync();
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.NotNull(await Grain(Name).KeysAsync().WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.False(refreshing.IsCompleted);
        hung.SetResult(BundleAnswer.Bad("timeout", "slow"));
        await refreshing;
    }

    [Fact]
    public async Task There_are_as_many_as_may_be_and_our_own_trust_domain_is_none()
    {
        World.Federation.MaxRelationships = 1;
        try
        {
            await Grain(Name).PutAsync(Web(Name));
            Assert.Equal("federation_full", (await Assert.ThrowsAsync<GrainOperationException>(() => Grain("third.test").PutAsync(Web("third.test")))).Reason);
            var own = World.TrustDomain.Name;
            Assert.Equal(RefusalCode.InvalidArgument, (await Assert.ThrowsAsync<GrainOperationException>(() => Grain(own).PutAsync(Web(own)))).Code);
        }
        finally
        {
            World.Federation.MaxRelationships = 256;
        }
    }

    private byte[] Root() => ForeignRoot.Make($"spiffe://{Name}", now: Now);

    private IFederationGrain Grain(string foreign) => _host.Grains.GetGrain<IFederationGrain>(FederationKeys.Of(World.TrustDomain.Name, foreign));

    private static PutFederation Web(string name) => new("op-1", name, "https://bundle.test/", BundleEndpointProfile.Web, null, null, null, false);
}
