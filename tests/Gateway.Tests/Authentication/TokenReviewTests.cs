using System.Text.Json.Nodes;
using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Gateway.Tests.Authentication;

public sealed class TokenReviewTests : IAsyncLifetime, IDisposable
{
    private readonly KubernetesTokens _issuer = new("ES256");
    private readonly List<JsonNode> _asked = [];
    private readonly TempDirectory _folder = new();
    private Func<HttpContext, Task> _answer = _ => Task.CompletedTask;
    private JsonObject _review = [];
    private LoopbackServer _server = null!;
    private string? _sentToken;

    public async Task InitializeAsync()
    {
        _answer = http => http.Response.WriteAsync(_review.ToJsonString());
        _server = await LoopbackServer.StartAsync(async http =>
        {
            Assert.Equal("POST", http.Request.Method);
            Assert.Equal("/apis/authentication.k8s.io/v1/tokenreviews", http.Request.Path);
            _sentToken = http.Request.Headers.Authorization;
            var asked = (await JsonNode.ParseAsync(http.Request.Body))!;
            lock (_asked)
            {
                _asked.Add(asked);
            }

            http.Response.StatusCode = 201;
            await _answer(http);
        });
        await File.WriteAllTextAsync(_folder.File("token"), "gateway-token");
        _review = Review("shop", "cart", ClaimsOf(_issuer.Create()));
    }

    public Task DisposeAsync() => _server.DisposeAsync().AsTask();

    public void Dispose()
    {
        _issuer.Dispose();
        _folder.Dispose();
    }

    private static JsonNode ClaimsOf(string token) => JsonNode.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]))!;

    private static JsonObject Review(string ns, string account, JsonNode claims) => new()
    {
        ["apiVersion"] = "authentication.k8s.io/v1",
        ["kind"] = "TokenReview",
        ["status"] = new JsonObject
        {
            ["authenticated"] = true,
            ["audiences"] = new JsonArray("istio-ca"),
            ["user"] = new JsonObject
            {
                ["username"] = $"system:serviceaccount:{ns}:{account}",
                ["uid"] = claims["kubernetes.io"]!["serviceaccount"]!["uid"]!.DeepClone(),
                ["groups"] = new JsonArray("system:serviceaccounts", "system:authenticated"),
                ["extra"] = new JsonObject
                {
                    ["authentication.kubernetes.io/pod-name"] = new JsonArray(claims["kubernetes.io"]!["pod"]!["name"]!.DeepClone()),
                    ["authentication.kubernetes.io/pod-uid"] = new JsonArray(claims["kubernetes.io"]!["pod"]!["uid"]!.DeepClone()),
                    ["authentication.kubernetes.io/node-name"] = new JsonArray("node-1"),
                },
            },
        },
    };

    private KubernetesTokenVerifier Verifier(Action<TokenReviewOptions>? edit = null, TimeProvider? time = null)
    {
        var review = new TokenReviewOptions { ApiServer = _server.Address, TokenFile = _folder.File("token"), Timeout = TimeSpan.FromSeconds(30) };
        edit?.Invoke(review);
        var options = new KubernetesIssuerOptions { Name = "prod", Issuer = KubernetesTokens.DefaultIssuer, TokenReview = review };
        var client = new TokenReviewClient(review, time ?? TimeProvider.System, NullLogger<TokenReviewClient>.Instance);
        return new KubernetesTokenVerifier(new KubernetesSources([new KubernetesSource(options, null, client)]), TimeProvider.System);
    }

    private async Task<AuthenticationResult> VerifyAsync(KubernetesTokenOptions? token = null)
        => await Verifier().VerifyAsync(_issuer.Create(options: token), null, CancellationToken.None);

    private JsonNode Status => _review["status"]!;

    [Fact]
    public async Task A_token_that_the_cluster_recognises_gives_a_caller()
    {
        var token = _issuer.Create();
        var result = await Verifier().VerifyAsync(token, null, CancellationToken.None);

        Assert.True(result.Succeeded, result.Refusal?.LogDetail);
        Assert.Equal("k8s:prod/shop/cart", result.Caller.Name);
        Assert.Equal("cart-0", result.Caller.Fact("k8s", "pod-name"));
        Assert.Equal("node-1", result.Caller.Fact("k8s", "node-name"));
        Assert.Equal(token, _asked.Single()["spec"]!["token"]!.GetValue<string>());
        Assert.Equal("istio-ca", _asked.Single()["spec"]!["audiences"]!.AsArray().Single()!.GetValue<string>());
        Assert.Equal("Bearer gateway-token", _sentToken);
    }

    [Fact]
    public async Task Every_token_is_asked_about_anew()
    {
        var verifier = Verifier();
        var token = _issuer.Create();
        Assert.True((await verifier.VerifyAsync(token, null, CancellationToken.None)).Succeeded);
        Status["authenticated"] = false;
        Assert.Equal("token_review_refused", (await verifier.VerifyAsync(token, null, CancellationToken.None)).Refusal!.Reason);
    }

    [Fact]
    public async Task A_token_that_the_cluster_does_not_recognise_is_refused()
    {
        foreach (var no in new JsonNode?[] { JsonValue.Create(false), JsonValue.Create("true"), null })
        {
            Status["authenticated"] = no;
            Assert.Equal("token_review_refused", (await VerifyAsync()).Refusal!.Reason);
        }
    }

    [Fact]
    public async Task A_review_that_does_not_name_our_audience_is_worth_nothing()
    {
        foreach (var audiences in new JsonNode?[] { null, new JsonArray(), new JsonArray("vault"), JsonValue.Create("istio-ca") })
        {
            Status["audiences"] = audiences;
            Assert.Equal("token_wrong_audience", (await VerifyAsync()).Refusal!.Reason);
        }
    }

    [Theory]
    [InlineData("uid")]
    [InlineData("extra")]
    public async Task A_review_without_the_binding_is_refused(string member)
    {
        Status["user"]!.AsObject().Remove(member);
        Assert.Equal("token_unbound", (await VerifyAsync()).Refusal!.Reason);
    }

    [Fact]
    public async Task A_review_that_contradicts_the_token_is_refused()
    {
        var user = Status["user"]!;
        var extra = user["extra"]!;
        user["username"] = "system:serviceaccount:shop:other";
        Assert.Equal("token_wrong_subject", (await VerifyAsync()).Refusal!.Reason);
        user["username"] = "system:serviceaccount:shop:cart";
        extra["authentication.kubernetes.io/pod-uid"] = new JsonArray("another");
        Assert.Equal("token_unbound", (await VerifyAsync()).Refusal!.Reason);
        extra["authentication.kubernetes.io/pod-uid"] = ClaimsOf(_issuer.Create())["kubernetes.io"]!["pod"]!["uid"]!.DeepClone() is var uid ? new JsonArray(uid) : null;
        extra["authentication.kubernetes.io/pod-name"] = new JsonArray("other");
        Assert.Equal("token_unbound", (await VerifyAsync()).Refusal!.Reason);
        extra["authentication.kubernetes.io/pod-name"] = new JsonArray("cart-0");
        extra["authentication.kubernetes.io/node-name"] = new JsonArray("node-2");
        Assert.Equal("token_unbound", (await VerifyAsync()).Refusal!.Reason);
    }

    [Fact]
    public async Task A_token_that_is_bad_on_its_face_is_not_asked_about()
    {
        Assert.Equal("token_expired", (await VerifyAsync(new() { Lifetime = TimeSpan.FromHours(-1) })).Refusal!.Reason);
        Assert.Equal("token_wrong_audience", (await VerifyAsync(new() { Audiences = ["vault"] })).Refusal!.Reason);
        Assert.Empty(_asked);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(500)]
    [InlineData(302)]
    public async Task An_API_server_that_fails_is_unavailable_and_not_the_callers_fault(int status)
    {
        _answer = http =>
        {
            http.Response.StatusCode = status;
            return Task.CompletedTask;
        };
        var refusal = (await VerifyAsync()).Refusal!;
        Assert.Equal(RefusalCode.Unavailable, refusal.Code);
        Assert.Equal("token_review_unavailable", refusal.Reason);
        Assert.NotNull(refusal.RetryAfter);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"status":7}""")]
    [InlineData("""{"status":{"authenticated":true},"status":{}}""")]
    public async Task An_answer_that_is_no_review_is_unavailable(string answer)
    {
        _answer = http => http.Response.WriteAsync(answer);
        Assert.Equal("token_review_unavailable", (await VerifyAsync()).Refusal!.Reason);
    }

    [Fact]
    public async Task Reviews_beyond_the_bound_are_turned_away_at_once_and_slow_ones_end_in_time()
    {
        var time = new FakeTimeProvider();
        var entered = new SemaphoreSlim(0);
        _answer = http =>
        {
            entered.Release();
            return Task.Delay(Timeout.Infinite, http.RequestAborted);
        };
        var verifier = Verifier(options => (options.MaxConcurrent, options.Timeout) = (2, TimeSpan.FromSeconds(3)), time);
        var token = _issuer.Create();
        var first = verifier.VerifyAsync(token, null, CancellationToken.None).AsTask();
        var second = verifier.VerifyAsync(token, null, CancellationToken.None).AsTask();
        await entered.WaitAsync();
        await entered.WaitAsync();

        var third = verifier.VerifyAsync(token, null, CancellationToken.None).AsTask();
        Assert.True(third.IsCompletedSuccessfully);
        Assert.Equal(RefusalCode.Unavailable, (await third).Refusal!.Code);
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("token_review_unavailable", (await first).Refusal!.Reason);
        Assert.Equal("token_review_unavailable", (await second).Refusal!.Reason);
    }
}
