using MeshGrains.Agent.Sds;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Envoy.Discovery;

namespace MeshGrains.Agent.Tests.Sds;

/// <summary>What a request means, by the rules of xDS.</summary>
public sealed class StreamSubscriptionTests
{
    [Theory]
    [InlineData("one", "n1", "Noted")]
    [InlineData("one", "", "Asked")]
    [InlineData("one", "n0", "Stale")]
    [InlineData("one,two", "n1", "Asked")]
    [InlineData("one,two", "n0", "Stale")]
    [InlineData("two", "n1", "Asked")]
    [InlineData("", "n1", "Noted")]
    [InlineData("", "", "Noted")]
    public void A_second_request_is_taken_for_what_it_says(string names, string nonce, string meaning)
    {
        var subscription = new StreamSubscription();
        Assert.Equal(RequestMeaning.Asked, subscription.Take(Request("one")));
        subscription.Sent("n1", []);

        Assert.Equal(Enum.Parse<RequestMeaning>(meaning), subscription.Take(Request(names, nonce)));
    }

    [Theory]
    [InlineData("one", "Refused")]
    [InlineData("one,two", "RefusedAndAsked")]
    [InlineData("", "Refused")]
    public void An_error_makes_it_a_NACK_and_its_names_count_all_the_same(string names, string meaning)
    {
        var subscription = new StreamSubscription();
        subscription.Take(Request("one"));
        subscription.Sent("n1", []);

        Assert.Equal(Enum.Parse<RequestMeaning>(meaning), subscription.Take(Request(names, "n1", error: true)));
        Assert.Equal(names.Split(',', StringSplitOptions.RemoveEmptyEntries), subscription.Names);
        Assert.False(subscription.IsAcknowledged);
    }

    [Fact]
    public void A_NACK_of_an_older_response_is_stale()
    {
        var subscription = new StreamSubscription();
        subscription.Take(Request("one"));
        subscription.Sent("n1", []);
        subscription.Sent("n2", []);

        Assert.Equal(RequestMeaning.Stale, subscription.Take(Request("one", "n1", error: true)));
    }

    [Fact]
    public void Only_the_last_response_is_acknowledged()
    {
        var subscription = new StreamSubscription();
        subscription.Take(Request("one"));
        Assert.False(subscription.IsAcknowledged);
        subscription.Sent("n1", []);
        subscription.Take(Request("one", "n1"));
        Assert.True(subscription.IsAcknowledged);
        subscription.Sent("n2", []);
        Assert.False(subscription.IsAcknowledged);
        subscription.Take(Request("one", "n1"));
        Assert.False(subscription.IsAcknowledged);
    }

    [Fact]
    public void No_names_are_everything_until_there_were_names_and_nothing_from_then_on()
    {
        var subscription = new StreamSubscription();
        Assert.Equal([], subscription.Names!);
        subscription.Take(Request(""));
        Assert.Null(subscription.Names);
        subscription.Sent("n1", []);
        subscription.Take(Request("", "n1"));
        Assert.Null(subscription.Names);
        subscription.Take(Request("one", "n1"));
        Assert.Equal(["one"], subscription.Names!);
        subscription.Take(Request("", "n1"));
        Assert.Equal([], subscription.Names!);
    }

    [Fact]
    public void A_first_request_may_carry_what_an_earlier_stream_had()
    {
        var subscription = new StreamSubscription();

        Assert.Equal(RequestMeaning.Asked, subscription.Take(Request("one", "of-another-stream")));
        Assert.False(subscription.IsAcknowledged);
    }

    [Fact]
    public void News_is_what_the_last_response_did_not_say()
    {
        using var stage = new SdsStage("app", "other");
        var all = stage.Secrets();
        var subscription = new StreamSubscription();
        subscription.Take(Request("default,ROOTCA"));
        var sent = SecretSession.Pick(all, ["default", "ROOTCA"]);
        subscription.Sent("n1", sent);
        Assert.False(subscription.IsNews(sent));
        Assert.False(subscription.IsNews(sent[..1]));

        stage.Renew("app");
        Assert.True(subscription.IsNews(SecretSession.Pick(stage.Secrets(), ["default", "ROOTCA"])));
    }

    [Fact]
    public void Of_everything_it_is_news_that_something_went()
    {
        using var stage = new SdsStage("app", "other");
        var subscription = new StreamSubscription();
        subscription.Take(Request(""));
        var sent = SecretSession.Pick(stage.Secrets(), null);
        subscription.Sent("n1", sent);

        Assert.True(subscription.IsNews(sent[1..]));
    }

    [Fact]
    public void Names_have_a_bound()
    {
        var request = new DiscoveryRequest();
        request.ResourceNames.AddRange(Enumerable.Range(0, 1000).Select(i => $"{i}-{new string('n', 100)}"));

        var refused = Assert.Throws<RpcException>(() => new StreamSubscription().Take(request));

        Assert.Equal(RpcStatusCode.ResourceExhausted, refused.StatusCode);
    }

    private static DiscoveryRequest Request(string names, string nonce = "", bool error = false)
    {
        var request = new DiscoveryRequest { ResponseNonce = nonce, ErrorDetail = error ? new Google.Rpc.Status { Code = 3, Message = "no" } : null };
        request.ResourceNames.AddRange(names.Split(',', StringSplitOptions.RemoveEmptyEntries));
        return request;
    }
}
