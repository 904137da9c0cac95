using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Silo.Tests;

/// <summary>What is changed through one silo reaches agents of another, though neither reads again within the hour.</summary>
[Collection(ClusterServers.Collection)]
public sealed class AgentPushTests(ClusterServers servers)
{
    private const string Agent = $"spiffe://{SiloClient.TrustDomain}/meshgrains/agent/node-1";

    [SkippableFact]
    public async Task An_entry_made_and_deleted_through_one_silo_reaches_the_agent_at_another()
    {
        await using var cluster = await MeshCluster.StartAsync(servers, 2, "agents.reread=1h");
        var svid = (await cluster["s2"].FetchAsync(await cluster["s2"].JoinTokenAsync(Agent))).Svid;
        using var channel = cluster["s2"].Channel(svid);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var stream = channel.Duplex<AgentReport, AgentUpdate>("/meshgrains.agent.v1.NodeAgent/Sync", AgentUpdate.Parser, null, patience.Token);
        await stream.WriteAsync(new AgentReport { Version = "test" });
        Assert.Empty((await stream.ReadAsync())!.Entries);

        var made = await cluster["s1"].PostAsync("/v1/entries", new
        {
            spiffeId = $"spiffe://{SiloClient.TrustDomain}/pushed", parentId = Agent, selectors = (string[])["unix:uid:1000"],
        });
        var id = (string)made["id"]!;
        Assert.Equal(id, (await UntilAsync(stream, update => update.Entries.Count > 0)).Entries[0].Id);

        using var deleted = await cluster["s1"].Admin.DeleteAsync(new Uri($"/v1/entries/{id}?reason=test", UriKind.Relative), patience.Token);
        Assert.True(deleted.IsSuccessStatusCode);
        Assert.Equal(id, (await UntilAsync(stream, update => update.RemovedEntryIds.Count > 0)).RemovedEntryIds[0]);
    }

    private static async Task<AgentUpdate> UntilAsync(RpcDuplexCall<AgentReport, AgentUpdate> stream, Func<AgentUpdate, bool> wanted)
    {
        while (true)
        {
            var update = await stream.ReadAsync();
            Assert.NotNull(update);
            if (wanted(update))
            {
                return update;
            }
        }
    }
}
