using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Silo.Tests;

/// <summary>A membership table that is lost, put back, edited or away: nothing that bears trust lies in it.</summary>
[Collection(ClusterServers.Collection)]
public sealed class MembershipTests(ClusterServers servers)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [SkippableFact]
    public async Task A_table_that_was_emptied_makes_every_silo_ask_for_a_new_start_and_then_they_find_each_other_again()
    {
        await using var cluster = await MeshCluster.StartAsync(servers, 2);

        Assert.Equal("1\n", (await cluster.RedisAsync("DEL", cluster.MembersKey)).ReplaceLineEndings("\n"));

        await RestartsAsync(cluster["s1"]);
        await RestartsAsync(cluster["s2"]);
        await cluster.RemoveAsync("s1");
        await cluster.RemoveAsync("s2");
        var first = await cluster.AddAsync("s1");
        var second = await cluster.AddAsync("s2");
        Assert.Equal(2, await ActiveSilosAsync(first));
        Assert.Equal(HttpStatusCode.OK, (await second.FetchAsync(await first.JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/after"))).Status);
    }

    [SkippableFact]
    public async Task A_table_put_back_in_time_makes_silos_ask_for_a_new_start()
    {
        await using var cluster = await MeshCluster.StartAsync(servers, 3);

        // To its very beginning: what the first silos that notice write on their way out must not make up for it.
        await cluster.RedisAsync("HSET", cluster.MembersKey, "Version", "0");

        await RestartsAsync(cluster["s1"]);
    }

    [SkippableFact]
    public async Task A_silo_that_the_table_declares_dead_asks_for_a_new_start()
    {
        await using var cluster = await MeshCluster.StartAsync(servers, 2);
        var table = cluster["s1"].Services.GetRequiredService<IMembershipTable>();
        var own = cluster["s2"].Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        var all = await table.ReadAll();
        var (entry, tag) = all.TryGet(own)!;
        entry.Status = SiloStatus.Dead;

        Assert.True(await table.UpdateRow(entry, tag, all.Version.Next()));

        await RestartsAsync(cluster["s2"]);
        Assert.Equal(0, cluster["s1"].ExitCode);
    }

    [SkippableFact]
    public async Task A_second_silo_of_a_name_is_told_to_take_another_and_the_first_goes_on()
    {
        await using var cluster = await MeshCluster.StartAsync(servers, 1);
        cluster.WriteBootstrap("twin", name: "s1");

        var refused = await Assert.ThrowsAnyAsync<Exception>(() => RunningSilo.StartUnreadyAsync(cluster.DataOf("twin"), null, cluster.Settings("s1")));

        Assert.Contains("A silo named 's1' runs already", refused.ToString(), StringComparison.Ordinal);
        Assert.False(cluster["s1"].Stopping.IsCancellationRequested);
    }

    [SkippableFact]
    public async Task A_silo_stops_quickly_while_Redis_is_away()
    {
        await servers.StartAsync();
        var redis = await servers.StartRedisAsync($"redis-{Environment.ProcessId}-stop", MeshGrains.LocalCluster.LoopbackPort.Free());
        await using var cluster = await MeshCluster.CreateAsync(servers, redis);
        await cluster.AddAsync("s1");

        await redis.DisposeAsync();

        await cluster.RemoveAsync("s1").WaitAsync(Patience);
    }

    [SkippableFact]
    public async Task While_Redis_is_away_members_go_on_issuing_and_administering_and_none_restarts()
    {
        await servers.StartAsync();
        var redis = await servers.StartRedisAsync($"redis-{Environment.ProcessId}-away", MeshGrains.LocalCluster.LoopbackPort.Free());
        await using var cluster = await MeshCluster.CreateAsync(servers, redis);
        var first = await cluster.AddAsync("s1");
        var second = await cluster.AddAsync("s2");

        await redis.DisposeAsync();
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await second.FetchAsync(await first.JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/away/{i}"))).Status);
        }

        Assert.Equal((0, 0), (first.ExitCode, second.ExitCode));
        Assert.Equal(HttpStatusCode.OK, (await first.ReadinessAsync()).Status);
    }

    private static async Task<int> ActiveSilosAsync(RunningSilo silo) =>
        (await silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true)).Count;

    private static async Task RestartsAsync(RunningSilo silo)
    {
        await Task.Delay(Patience, silo.Stopping).ContinueWith(_ => { }, TaskScheduler.Default);
        Assert.Equal(SiloFate.RestartCode, silo.ExitCode);
    }
}
