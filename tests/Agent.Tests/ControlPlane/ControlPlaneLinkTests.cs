using MeshGrains.Agent.ControlPlane;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Tests;

public sealed class ControlPlaneLinkTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly FakeTimeProvider _time = new();
    private readonly TestIssuer _ca = new();
    private readonly CancellationTokenSource _session = new();
    private readonly ControlPlaneLink _link;

    public ControlPlaneLinkTests() => _link = new ControlPlaneLink(_time);

    public void Dispose()
    {
        _session.Dispose();
        _ca.Dispose();
    }

    [Fact]
    public async Task A_session_that_ended_a_moment_ago_is_waited_for_and_its_next_one_serves()
    {
        using var first = Client();
        using var second = Client();
        _link.Stand(first, _session);
        Assert.Same(first, await SoonAsync());

        _link.Fall("reconnecting");
        _time.Advance(TimeSpan.FromSeconds(1));
        var waiting = SoonAsync();
        _link.Fall("not yet");
        Assert.False(waiting.IsCompleted);
        _link.Stand(second, _session);
        Assert.Same(second, await waiting.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_control_plane_that_stays_away_is_waited_for_once_and_not_by_every_call()
    {
        Assert.Null(await SoonAsync());
        using var client = Client();
        _link.Stand(client, _session);
        _link.Fall("gone");

        var waiting = SoonAsync();
        Assert.False(waiting.IsCompleted);
        _time.Advance(Patience);
        Assert.Null(await waiting.WaitAsync(TimeSpan.FromSeconds(30)));

        // The failed attempts after that are no new beginning.
        _link.Fall("still gone");
        Assert.True(SoonAsync().IsCompletedSuccessfully);
    }

    private Task<ControlPlaneClient?> SoonAsync() => _link.SoonAsync(Patience, CancellationToken.None).AsTask();

    private ControlPlaneClient Client() => new(
        new Uri("https://127.0.0.1:1"), null,
        new GatewayCheck(new Svids.AgentState(TestIssuer.Domain, _ca.Bundle(0)), SpiffeId.FromPath(TestIssuer.Domain, "/meshgrains/gateway"), _time),
        new ControlPlaneOptions(), _time);
}
