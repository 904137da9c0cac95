using Google.Protobuf;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Agent.Tests.JwtSvids;

public sealed class JwtSvidCacheTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly MeshCa _ca = new();
    private readonly AgentConfiguration _options = new();
    private readonly PlayedIssuer _issuer;
    private readonly AgentState _state;
    private readonly JwtSvidCache _cache;

    public JwtSvidCacheTests()
    {
        _issuer = new PlayedIssuer(_time);
        _state = new AgentState(_ca.TrustDomain, _ca.Bundle());
        _cache = new JwtSvidCache(_state, _issuer, _options, new AgentMetrics(), new Even(), _time, NullLogger<JwtSvidCache>.Instance);
    }

    public void Dispose() => _issuer.Dispose();

    [Fact]
    public async Task One_token_serves_whoever_wants_the_same_audiences_in_any_order()
    {
        var token = await TokenAsync("web", "a", "b");
        Assert.Equal(token, await TokenAsync("web", "b", "a"));
        Assert.NotEqual(token, await TokenAsync("web", "a"));
        Assert.NotEqual(token, await TokenAsync("db", "a", "b"));
        Assert.Equal(3, _issuer.Requests.Count);
    }

    [Fact]
    public async Task Audiences_are_told_apart_however_they_are_cut()
    {
        Assert.NotEqual(JwtKey.Of("e", ["ab", "c"]), JwtKey.Of("e", ["a", "bc"]));
        Assert.NotEqual(JwtKey.Of("e", ["a", "b"]), JwtKey.Of("e", ["1:a1:b"]));
        Assert.Equal(JwtKey.Of("e", ["b", "a", "b"]), JwtKey.Of("e", ["a", "b"]));
        Assert.NotEqual(await TokenAsync("web", "ab", "c"), await TokenAsync("web", "a", "bc"));
    }

    [Fact]
    public async Task Past_half_of_its_life_a_token_is_asked_for_anew()
    {
        var token = await TokenAsync("web", "a");
        _time.Advance(TimeSpan.FromSeconds(149));
        Assert.Equal(token, await TokenAsync("web", "a"));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.NotEqual(token, await TokenAsync("web", "a"));
    }

    [Theory]
    [InlineData(RpcStatusCode.Unavailable)]
    [InlineData(RpcStatusCode.PermissionDenied)]
    [InlineData(RpcStatusCode.Internal)]
    public async Task While_the_control_plane_is_away_a_token_serves_to_its_end_and_not_beyond(RpcStatusCode failure)
    {
        var token = await TokenAsync("web", "a");
        _issuer.Fails = failure;
        _time.Advance(TimeSpan.FromSeconds(298));
        Assert.Equal(token, await TokenAsync("web", "a"));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(RpcStatusCode.Unavailable, (await FetchAsync("web", "a")).Code);
        _issuer.Fails = null;
        Assert.NotEqual(token, await TokenAsync("web", "a"));
    }

    [Fact]
    public async Task A_control_plane_that_hangs_holds_nobody_up_who_may_be_served()
    {
        var token = await TokenAsync("web", "a");
        var answering = new TaskCompletionSource();
        _issuer.Gate = answering.Task;
        _time.Advance(TimeSpan.FromSeconds(200));
        var waiting = FetchAsync("web", "a");
        await Eventually.HoldsAsync(() => _time.ActiveTimers > 0 || waiting.IsCompleted, "it waits a moment");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(token, (await waiting).Held!.Token);
        answering.SetResult();
        await Eventually.HoldsAsync(async () => await TokenAsync("web", "a") != token, "the new one comes");
    }

    [Fact]
    public async Task Many_who_want_one_token_wait_for_one_call()
    {
        var answering = new TaskCompletionSource();
        _issuer.Gate = answering.Task;
        var waiting = Enumerable.Range(0, 10).Select(_ => FetchAsync("web", "a")).ToList();
        using var impatient = new CancellationTokenSource();
        var gone = _cache.FetchAsync([Entry("web")], ["a"], impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        answering.SetResult();
        Assert.Single((await Task.WhenAll(waiting)).Select(answer => answer.Held!.Token).Distinct());
        Assert.Single(_issuer.Requests);
    }

    [Fact]
    public async Task All_entries_of_a_caller_are_asked_for_in_one_call_and_each_is_answered_for_itself()
    {
        _issuer.Refuses = id => id == "b" ? RpcStatusCode.PermissionDenied : RpcStatusCode.Ok;
        var answers = await _cache.FetchAsync([Entry("a"), Entry("b"), Entry("c")], ["me"], default);
        Assert.Equal([RpcStatusCode.Ok, RpcStatusCode.PermissionDenied, RpcStatusCode.Ok], answers.Select(answer => answer.Code));
        Assert.Equal(["spiffe://test.mesh/a", null, "spiffe://test.mesh/c"], answers.Select(answer => answer.Held?.SpiffeId));
        Assert.Single(_issuer.Requests);
    }

    [Fact]
    public async Task What_the_control_plane_refuses_is_served_no_more()
    {
        await TokenAsync("web", "a");
        _time.Advance(TimeSpan.FromSeconds(200));
        _issuer.Refuses = _ => RpcStatusCode.PermissionDenied;
        Assert.Equal(RpcStatusCode.PermissionDenied, (await FetchAsync("web", "a")).Code);
        Assert.Equal(0, _cache.Count);
    }

    [Fact]
    public async Task An_entry_that_changed_gets_another_token()
    {
        var token = (await _cache.FetchAsync([Entry("web")], ["a"], default))[0].Held!.Token;
        Assert.NotEqual(token, (await _cache.FetchAsync([Entry("web") with { Revision = 2 }], ["a"], default))[0].Held!.Token);
    }

    [Fact]
    public async Task A_token_goes_with_its_key()
    {
        Push(2, _issuer.Signer.KeyId);
        var token = await TokenAsync("web", "a");
        Push(3, _issuer.Signer.KeyId);
        Assert.Equal(token, await TokenAsync("web", "a"));
        Push(4);
        Assert.NotEqual(token, await TokenAsync("web", "a"));
    }

    [Fact]
    public async Task An_answer_for_another_identity_is_not_taken()
    {
        _issuer.Subject = "spiffe://test.mesh/another";
        Assert.Equal(RpcStatusCode.Unavailable, (await FetchAsync("web", "a")).Code);
        Assert.Equal(0, _cache.Count);
    }

    [Fact]
    public async Task The_cache_is_bounded_and_keeps_what_is_wanted()
    {
        _options.Renewal.JwtCacheSize = 3;
        var kept = await TokenAsync("web", "kept");
        for (var i = 0; i < 20; i++)
        {
            await TokenAsync("web", $"a{i}");
            Assert.Equal(kept, await TokenAsync("web", "kept"));
        }

        Assert.Equal(3, _cache.Count);
    }

    [Fact]
    public async Task A_token_is_in_no_text() => Assert.DoesNotContain(".", (await FetchAsync("web", "a")).Held!.ToString().Replace("test.mesh", "", StringComparison.Ordinal)[..20], StringComparison.Ordinal);

    private static AgentEntry Entry(string id) => new(id, $"spiffe://test.mesh/{id}", [], "", [], 1, 1);

    private async Task<JwtAnswer> FetchAsync(string id, params string[] audience) => (await _cache.FetchAsync([Entry(id)], audience, default))[0];

    private async Task<string> TokenAsync(string id, params string[] audience)
    {
        var answer = await FetchAsync(id, audience);
        Assert.True(answer.Held is not null, $"{answer.Code}: {answer.Message}");
        return answer.Held.Token;
    }

    private void Push(long number, params string[] keyIds)
    {
        var bundle = _ca.Wire(number);
        bundle.JwtAuthorities.AddRange(keyIds.Select(id => new JwtAuthority { KeyId = id, PublicKey = ByteString.CopyFrom(_issuer.Signer.SubjectPublicKeyInfo.Span) }));
        _state.Apply(new AgentUpdate { Bundles = { bundle }, DenialNumber = 1 });
    }

    private sealed class Even : IJitter
    {
        public double Next(double spread) => 1;
    }
}
