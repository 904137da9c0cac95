using MeshGrains.Agent.Sds;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Envoy.Discovery;

namespace MeshGrains.Agent.Tests.Sds;

public sealed class DeltaSubscriptionTests
{
    [Fact]
    public void A_name_is_answered_once_and_again_when_what_it_says_changes()
    {
        using var stage = new SdsStage();
        var subscription = Begun("default,ROOTCA");
        Assert.Equal("default,ROOTCA|", Told(subscription, stage));
        Assert.Equal("|", Told(subscription, stage));

        stage.Renew("app");

        Assert.Equal("default|", Told(subscription, stage));
    }

    [Fact]
    public void An_unknown_name_is_answered_by_its_removal_once_and_by_the_secret_when_there_is_one()
    {
        using var stage = new SdsStage();
        var subscription = Begun(stage.IdOf("later"));
        Assert.Equal($"|{stage.IdOf("later")}", Told(subscription, stage));
        Assert.Equal("|", Told(subscription, stage));

        stage.Add("later");

        Assert.Equal($"{stage.IdOf("later")}|", Told(subscription, stage));
    }

    [Fact]
    public void What_goes_is_told_as_removed()
    {
        using var stage = new SdsStage("app", "other");
        var named = Begun(stage.IdOf("other"));
        var everything = Begun("");
        Told(named, stage);
        Told(everything, stage);

        stage.State.Apply(new Rpc.Agents.AgentUpdate { RemovedEntryIds = { "other" } });

        Assert.Equal($"|{stage.IdOf("other")}", Told(named, stage));
        Assert.Equal($"|{stage.IdOf("other")}", Told(everything, stage));
        Assert.Equal("|", Told(everything, stage));
    }

    [Fact]
    public void A_client_that_tells_what_it_has_gets_the_rest()
    {
        using var stage = new SdsStage();
        var request = Request("default,ROOTCA");
        request.InitialResourceVersions["default"] = SecretSession.VersionOf(stage.Secrets().Find("default")!);
        request.InitialResourceVersions["ROOTCA"] = "of long ago";
        var subscription = new DeltaSubscription();
        subscription.Take(request);

        Assert.Equal("ROOTCA|", Told(subscription, stage));
    }

    [Fact]
    public void Asked_for_again_it_is_answered_again()
    {
        using var stage = new SdsStage();
        var subscription = Begun("default");
        Told(subscription, stage);
        subscription.Take(Request("default"));

        Assert.Equal("default|", Told(subscription, stage));
    }

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    public void Everything_goes_by_its_star_and_names_stay(string everything)
    {
        using var stage = new SdsStage();
        var subscription = Begun(everything);
        Assert.Equal($"{stage.IdOf("app")},spiffe://{stage.Ca.TrustDomain}|", Told(subscription, stage));
        subscription.Take(Request("default", unsubscribe: "*"));
        Assert.Equal("default|", Told(subscription, stage));
        Assert.True(subscription.WantsAnything);

        subscription.Take(Request("x", unsubscribe: "default,x"));

        Assert.False(subscription.WantsAnything);
    }

    [Fact]
    public void What_a_stream_remembers_has_a_bound_over_all_its_requests()
    {
        var subscription = new DeltaSubscription();

        var refused = Assert.Throws<RpcException>(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                subscription.Take(Request($"{i}-{new string('n', 100)}"));
            }
        });

        Assert.Equal(RpcStatusCode.ResourceExhausted, refused.StatusCode);
    }

    private static DeltaSubscription Begun(string names)
    {
        var subscription = new DeltaSubscription();
        subscription.Take(Request(names));
        return subscription;
    }

    private static DeltaDiscoveryRequest Request(string subscribe, string unsubscribe = "")
    {
        var request = new DeltaDiscoveryRequest();
        request.ResourceNamesSubscribe.AddRange(subscribe.Split(',', StringSplitOptions.RemoveEmptyEntries));
        request.ResourceNamesUnsubscribe.AddRange(unsubscribe.Split(',', StringSplitOptions.RemoveEmptyEntries));
        return request;
    }

    private static string Told(DeltaSubscription subscription, SdsStage stage)
    {
        var (changed, removed) = subscription.Next(stage.Secrets());
        return $"{string.Join(',', changed.Select(resource => resource.Name))}|{string.Join(',', removed)}";
    }
}
