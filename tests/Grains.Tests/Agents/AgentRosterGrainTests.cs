namespace MeshGrains.Grains.Tests;

public sealed class AgentRosterGrainTests : IClassFixture<HostedGrains>
{
    private readonly HostedGrains _host;

    public AgentRosterGrainTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
    }

    private DateTimeOffset Now => _host.World.Clock.GetUtcNow();

    private string Agent => $"spiffe://{_host.World.TrustDomain.Name}/meshgrains/agent/n1";

    private IAgentRosterGrain Roster => _host.Grains.GetGrain<IAgentRosterGrain>(
        AgentRosterShards.Key(_host.World.TrustDomain.Name, AgentRosterShards.Of(Agent)));

    [Fact]
    public async Task An_acknowledgement_counts_only_under_the_SVID_that_was_last_issued()
    {
        await Roster.IssuedAsync([Issue("0a")]);
        await Roster.ReportAsync([Seen("0a", bundle: 4)]);
        Assert.Equal(4, (await Roster.FindAsync(Agent))!.BundleNumber);

        Assert.Equal("", Assert.Single(await Roster.IssuedAsync([Issue("0b", renewed: true)])));
        await Roster.ReportAsync([Seen("0a", bundle: 5)]);
        var unheard = (await Roster.FindAsync(Agent))!;
        await Roster.ReportAsync([Seen("0b", bundle: 5)]);

        Assert.Equal(("0b", 0L, "silo-1"), (unheard.Serial, unheard.BundleNumber, unheard.Connection!.Silo));
        Assert.Equal(5, (await Roster.FindAsync(Agent))!.BundleNumber);
    }

    [Fact]
    public async Task What_was_superseded_by_an_attestation_does_not_renew()
    {
        var first = Now;
        await Roster.IssuedAsync([Issue("0a")]);
        await Roster.IssuedAsync([Issue("0b", attestedAt: first.AddSeconds(5))]);

        var told = await Roster.IssuedAsync([Issue("0c", renewed: true, attestedAt: first), Issue("0d", renewed: true, attestedAt: first.AddSeconds(5))]);
        Assert.Equal(("agent_superseded", ""), (told[0], told[1]));
        Assert.Equal("0d", (await Roster.FindAsync(Agent))!.Serial);
    }

    [Fact]
    public async Task A_connection_is_told_until_its_silo_says_otherwise_or_says_nothing()
    {
        await Roster.IssuedAsync([Issue("0a")]);
        await Roster.ReportAsync([Seen("0a")]);
        await Roster.ReportAsync([Seen("0a") with { Silo = "silo-2" }]);
        await Roster.ReportAsync([Seen("0a") with { Connected = false }]);
        Assert.Equal("silo-2", (await Roster.FindAsync(Agent))!.Connection!.Silo);

        _host.World.Clock.Advance(3 * AgentRosterDecisions.Heartbeat);
        Assert.Null((await Roster.FindAsync(Agent))!.Connection);

        await Roster.ReportAsync([Seen("0a")]);
        Assert.NotNull((await Roster.FindAsync(Agent))!.Connection);
        await Roster.ReportAsync([Seen("0a") with { Connected = false }]);
        Assert.Null((await Roster.FindAsync(Agent))!.Connection);
    }

    [Fact]
    public async Task Nobody_waits_for_an_evicted_agent_until_it_attests_anew()
    {
        Assert.False(await Roster.EvictedAsync(Agent));
        await Roster.IssuedAsync([Issue("0a")]);
        Assert.True(await Roster.EvictedAsync(Agent));
        var evicted = (await Roster.FindAsync(Agent))!;
        await Roster.IssuedAsync([Issue("0b")]);
        var back = (await Roster.FindAsync(Agent))!;

        Assert.True(evicted.Evicted);
        Assert.False(AgentRosterDecisions.IsLive(evicted, Now, TimeSpan.Zero));
        Assert.True(AgentRosterDecisions.IsLive(back, Now, TimeSpan.Zero));
        Assert.False(AgentRosterDecisions.IsLive(back, back.NotAfter, TimeSpan.Zero));
        Assert.True(AgentRosterDecisions.IsLive(back, back.NotAfter, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task A_failed_write_gives_nothing_out_and_another_shards_agents_are_not_taken()
    {
        _host.World.Faults.FailNext("state.write");
        await Assert.ThrowsAsync<GrainOperationException>(() => Roster.IssuedAsync([Issue("0a")]));
        _host.World.Faults.Reset();

        Assert.Null(await Roster.FindAsync(Agent));
        await Assert.ThrowsAsync<GrainOperationException>(
            () => _host.Grains.GetGrain<IAgentRosterGrain>($"{_host.World.TrustDomain.Name}/agents/99").FindAsync(Agent));
    }

    [Fact]
    public void Agents_are_kept_in_order_and_lapsed_ones_leave_when_there_is_no_room()
    {
        var state = new AgentRosterState();
        for (var i = 0; i < AgentRosterDecisions.Capacity; i++)
        {
            (state, var none) = AgentRosterDecisions.Issue(state, Issue("0a") with { AgentId = $"a{i * 7919 % AgentRosterDecisions.Capacity:D5}" }, Now);
            Assert.Equal("", none);
        }

        Assert.Equal(state.Agents.OrderBy(agent => agent.AgentId, StringComparer.Ordinal), state.Agents);
        Assert.Equal(AgentRosterDecisions.Full, AgentRosterDecisions.Issue(state, Issue("0b") with { AgentId = "b" }, Now).Refusal);
        Assert.Equal("", AgentRosterDecisions.Issue(state, Issue("0b") with { AgentId = "a00001" }, Now).Refusal);
        var (later, refusal) = AgentRosterDecisions.Issue(state, Issue("0b") with { AgentId = "b" }, Now.AddHours(1) + AgentRosterDecisions.KeepLapsed + TimeSpan.FromSeconds(1));
        Assert.Equal(("", "b"), (refusal, Assert.Single(later.Agents).AgentId));
    }

    [Fact]
    public void Shards_are_evenly_filled()
    {
        var counts = Enumerable.Range(0, 10_000).GroupBy(i => AgentRosterShards.Of($"spiffe://td/meshgrains/agent/node-{i}")).Select(shard => shard.Count()).ToList();

        Assert.Equal(AgentRosterShards.Count, counts.Count);
        Assert.InRange(counts.Max(), 10_000 / AgentRosterShards.Count, 2 * 10_000 / AgentRosterShards.Count);
    }

    private AgentIssue Issue(string serial, bool renewed = false, DateTimeOffset? attestedAt = null) =>
        new(Agent, renewed ? "" : "join_token", serial, Now.AddHours(1), attestedAt ?? Now, renewed);

    private AgentSighting Seen(string serial, long bundle = 1) => new(
        Agent, "silo-1", true, serial, Now.AddHours(1), Now, "127.0.0.1:1", DateTimeOffset.UnixEpoch, "1", bundle, "", 1, 0);
}
