using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.JwtSvids;
using MeshGrains.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Agent.Tests.Domains;

public sealed class DomainTokensTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly DomainStage _stage = new();
    private readonly PlayedIssuer _old;
    private readonly PlayedIssuer _new;
    private readonly DomainTokens _tokens;

    public DomainTokensTests()
    {
        (_old, _new) = (new PlayedIssuer(_time) { Subject = "spiffe://old.mesh/web" }, new PlayedIssuer(_time) { Subject = "spiffe://new.mesh/web" });
        _tokens = new DomainTokens(new Dictionary<string, JwtSvidCache> { ["old.mesh"] = Cache(_stage.Old, _old), ["new.mesh"] = Cache(_stage.New, _new) }, _time);

        // The very same id in both: none is taken for the other's.
        _stage.Entry(_stage.Old, "web");
        _stage.Entry(_stage.New, "web");
    }

    public void Dispose()
    {
        _old.Dispose();
        _new.Dispose();
        _stage.Dispose();
    }

    [Fact]
    public async Task Each_identity_gets_its_token_from_its_own_control_plane()
    {
        var answers = await FetchAsync();

        Assert.Equal(["spiffe://old.mesh/web", "spiffe://new.mesh/web"], answers.Select(item => item.Answer.Held?.SpiffeId));
        Assert.Equal((1, 1), (_old.Requests.Count, _new.Requests.Count));
    }

    [Fact]
    public async Task A_control_plane_that_is_away_leaves_the_others_token()
    {
        _old.Fails = RpcStatusCode.Unavailable;

        var answers = await FetchAsync();

        Assert.Equal([null, "spiffe://new.mesh/web"], answers.Select(item => item.Answer.Held?.SpiffeId));
        Assert.Equal(RpcStatusCode.Unavailable, answers[0].Answer.Code);
    }

    [Fact]
    public async Task A_control_plane_that_hangs_keeps_nobody_from_the_others_token()
    {
        var never = new TaskCompletionSource();
        _old.Gate = never.Task;
        var fetching = FetchAsync();
        await Kit.Eventually.HoldsAsync(() => _time.ActiveTimers > 0, "the other token is there");
        Assert.False(fetching.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));

        var answers = await fetching.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal([null, "spiffe://new.mesh/web"], answers.Select(item => item.Answer.Held?.SpiffeId));
        Assert.Equal((RpcStatusCode.Unavailable, "The control plane of old.mesh has not answered in time."), (answers[0].Answer.Code, answers[0].Answer.Message));
        never.SetResult();
        Assert.All((await FetchAsync()).Select(item => item.Answer.Held), Assert.NotNull);
    }

    [Fact]
    public async Task Without_any_token_it_is_waited_as_long_as_the_caller_waits()
    {
        _old.Gate = new TaskCompletionSource().Task;
        _new.Fails = RpcStatusCode.Unavailable;
        using var caller = new CancellationTokenSource();
        var fetching = FetchAsync(caller.Token);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(fetching.IsCompleted);

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetching);
    }

    private Task<IReadOnlyList<(AgentEntry Entry, JwtAnswer Answer)>> FetchAsync(CancellationToken cancellationToken = default) =>
        _tokens.FetchAsync(_stage.Caller.Entries(_stage.Node.Current), ["db"], cancellationToken);

    private JwtSvidCache Cache(ServedDomain domain, PlayedIssuer issuer) =>
        new(domain.State, issuer, new AgentConfiguration(), new AgentMetrics(), new SystemJitter(), _time, NullLogger<JwtSvidCache>.Instance);
}
