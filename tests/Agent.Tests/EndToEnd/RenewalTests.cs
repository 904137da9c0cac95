using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Rpc;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>Certificates with lives of seconds under standing streams, with a control plane and without.</summary>
public sealed class RenewalTests
{
    private static readonly string Own = $"unix:uid:{Tool.Run("/usr/bin/id", ["-u"]).Output.Trim()}";

    [SkippableFact]
    public async Task Certificates_rotate_with_lives_of_seconds_on_the_streams_of_both_APIs_and_go_on_rotating_after_the_control_plane_came_back()
    {
        // The agent's own SVID lives for an hour: a silo that takes its time to start again may not cost the agent its standing.
        await using var stage = await AgentStage.StartAsync("ca.allowShortLives=true");
        await stage.EntryAsync("/app", [Own], ttlSeconds: 10);
        await stage.StartAgentAsync();
        var state = stage.Agent!.StateOf();
        await Eventually.HoldsAsync(() => state.Current.Svids.Count == 1, "the entry arrives");
        await Task.WhenAll(stage.CheckAsync("workload_api.py", "rotate", null, "3", "60"), stage.CheckAsync("sds.py", "rotate", null, "3"));
        await stage.CheckAsync("sds.py", "names", null, "test.mesh", "spiffe://test.mesh/app");

        await stage.StopSiloAsync();
        await Eventually.HoldsAsync(async () => (await ReadyzAsync(stage.OperationsPort)).Contains("serving what is held", StringComparison.Ordinal), "health tells of the outage");
        var held = state.Current.Svids.Values.Select(svid => svid.NotAfter).DefaultIfEmpty().Max();
        await stage.StartSiloAsync();
        await Eventually.HoldsAsync(() => state.Current.Svids.Values.Any(svid => svid.NotAfter > held), "the next certificate comes");
        await stage.CheckAsync("workload_api.py", "rotate", null, "2", "60");
    }

    [Fact]
    public async Task Without_a_control_plane_it_serves_until_the_certificates_end_and_says_so()
    {
        await using var agent = await PlayedAgent.StartAsync("workloads.firstSvidWait=100ms");
        agent.Entry("app", Own);
        agent.Sync();
        Assert.Equal([agent.IdOf("app")], await WorkloadClient.FetchOnceAsync(agent.Socket));
        Assert.StartsWith("ok, serving what is held: ", await ReadyzAsync(agent.OperationsPort), StringComparison.Ordinal);

        agent.Renew("app", TimeSpan.FromSeconds(2));
        await Eventually.HoldsAsync(
            async () => (await ReadyzAsync(agent.OperationsPort)).StartsWith("not ready: no certificate is left", StringComparison.Ordinal), "the last certificate ends");
        Assert.Equal(RpcStatusCode.Unavailable, await WorkloadClient.RefusalAsync(agent.Socket));
    }

    private static async Task<string> ReadyzAsync(int port)
    {
        using var client = new HttpClient();
        using var response = await client.GetAsync($"http://127.0.0.1:{port}/readyz");
        return await response.Content.ReadAsStringAsync();
    }
}
