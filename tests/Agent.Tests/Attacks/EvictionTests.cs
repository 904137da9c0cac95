using MeshGrains.Agent.Tests.Kit;

namespace MeshGrains.Agent.Tests.Attacks;

/// <summary>Agents that an operator has done with, and that come back.</summary>
public sealed class EvictionTests(AttackedSilo attacked) : IClassFixture<AttackedSilo>
{
    [Fact]
    public async Task An_evicted_agent_is_cut_off_and_comes_back_only_by_attesting_anew()
    {
        var silo = attacked.Silo;
        var (_, agent) = await RawAgent.AttestAsync(silo, await silo.JoinTokenAsync(AttackedSilo.Id("evicted")));
        using var old = agent;
        using var stream = await old.SyncAsync();
        var entry = await attacked.EntryAsync("evicted", "/app", "unix:uid:1");
        Assert.Equal(0, Assert.Single(await old.IssueAsync(entry)).Code);
        var (calls, streams) = (await attacked.CountedAsync("agent", "agent_evicted"), await attacked.CountedAsync("agent_sync", "agent_evicted"));

        await silo.PostAsync("/v1/agents/evicted/evict", new { reason = "sold" });

        await RawAgent.EndedAsync(stream, "agent_evicted");
        Assert.Equal("agent_evicted", await RawAgent.RefusedAsync(old.RenewAsync));
        Assert.Equal("agent_evicted", await RawAgent.RefusedAsync(() => old.IssueAsync(entry)));
        Assert.Equal("agent_evicted", await RawAgent.RefusedAsync(() => old.SyncAsync()));
        await attacked.ToldAsync("agent", "agent_evicted", calls + 1, AttackedSilo.Id("evicted"));
        await attacked.ToldAsync("agent_sync", "agent_evicted", streams + 1, AttackedSilo.Id("evicted"));
        Assert.Equal("evicted", (string?)(await silo.GetAsync("/v1/agents/evicted"))["state"]);

        // A fresh token admits the node again, and the SVID from before stays dead.
        var (_, back) = await RawAgent.AttestAsync(silo, await silo.JoinTokenAsync(AttackedSilo.Id("evicted")));
        using var anew = back;
        Assert.Equal(0, Assert.Single(await anew.IssueAsync(entry)).Code);
        Assert.Equal("agent_evicted", await RawAgent.RefusedAsync(old.RenewAsync));
    }

    [Fact]
    public async Task A_banned_agent_is_not_heard_with_a_new_token_either_until_the_ban_is_lifted()
    {
        var silo = attacked.Silo;
        var (_, agent) = await RawAgent.AttestAsync(silo, await silo.JoinTokenAsync(AttackedSilo.Id("banned")));
        using var old = agent;
        using var stream = await old.SyncAsync();
        var entry = await attacked.EntryAsync("banned", "/app", "unix:uid:1");
        var before = await attacked.CountedAsync("agent", "agent_banned");

        await silo.PostAsync("/v1/agents/banned/ban", new { reason = "stolen" });

        await RawAgent.EndedAsync(stream, "agent_banned");
        Assert.Equal("agent_banned", await RawAgent.RefusedAsync(old.RenewAsync));
        Assert.Equal("agent_banned", await RawAgent.RefusedAsync(() => old.IssueAsync(entry)));
        Assert.Equal("agent_banned", await RawAgent.RefusedAsync(() => old.SyncAsync()));
        Assert.Equal("banned", (string?)(await silo.GetAsync("/v1/agents/banned"))["state"]);
        var token = await attacked.TokenAgainAsync("banned");
        Assert.Equal("agent_banned", await RawAgent.RefusedAsync(() => RawAgent.AttestAsync(silo, token)));
        await attacked.ToldAsync("agent", "agent_banned", before + 2, "join:");

        using var lifted = await silo.Admin.DeleteAsync("/v1/agents/banned/ban?reason=found");
        Assert.True(lifted.IsSuccessStatusCode);
        Assert.Equal(0, Assert.Single(await old.IssueAsync(entry)).Code);
    }

    [Fact]
    public async Task Two_holders_of_one_node_cannot_both_go_on()
    {
        var silo = attacked.Silo;
        var (_, agent) = await RawAgent.AttestAsync(silo, await silo.JoinTokenAsync(AttackedSilo.Id("twice")));
        using var first = agent;

        // Times of attestation are kept to the second.
        var second = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        await Eventually.HoldsAsync(() => DateTimeOffset.UtcNow.ToUnixTimeSeconds() > second, "the clock goes on");
        var (_, other) = await RawAgent.AttestAsync(silo, await attacked.TokenAgainAsync("twice"));
        using var later = other;
        var before = await attacked.CountedAsync("agent", "agent_superseded");

        Assert.Equal("agent_superseded", await RawAgent.RefusedAsync(first.RenewAsync));
        await later.RenewAsync();
        await attacked.ToldAsync("agent", "agent_superseded", before, AttackedSilo.Id("twice"));
    }

    [Fact]
    public async Task The_roster_tells_who_is_connected_and_what_was_acknowledged_under_the_last_SVID()
    {
        var silo = attacked.Silo;
        var (answer, agent) = await RawAgent.AttestAsync(silo, await silo.JoinTokenAsync(AttackedSilo.Id("rack/told")));
        using var told = agent;
        using (var stream = await told.SyncAsync(answer.Bundle.Number))
        {
            await Eventually.HoldsAsync(
                async () => await silo.GetAsync("/v1/agents/rack%2Ftold") is var seen && (string?)seen["state"] == "connected"
                    && (long)seen["acknowledgedBundle"]! == answer.Bundle.Number && (string?)seen["version"] == "raw" && (string?)seen["attestation"] == "join_token",
                "the roster hears of it");
        }

        await Eventually.HoldsAsync(async () => (string?)(await silo.GetAsync("/v1/agents/rack%2Ftold"))["state"] == "away", "the roster hears that it went");
        await told.RenewAsync();
        Assert.Equal(0, (long)(await silo.GetAsync("/v1/agents/rack%2Ftold"))["acknowledgedBundle"]!);
        Assert.Contains((await silo.GetAsync("/v1/agents"))["agents"]!.AsArray(), one => (string?)one!["name"] == "rack/told");
    }
}
