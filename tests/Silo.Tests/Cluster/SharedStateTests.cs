using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MeshGrains.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Silo.Tests;

/// <summary>What one silo decides holds on every other.</summary>
[Collection(ClusterServers.Collection)]
public sealed class SharedStateTests(ClusterServers servers)
{
    [SkippableFact]
    public async Task A_quarantine_at_one_silo_is_effective_at_the_others_when_its_receipt_says_so()
    {
        await using var cluster = await MeshCluster.StartAsync(servers, 2, "denials.lease=6s");
        var id = $"spiffe://{SiloClient.TrustDomain}/banned";
        var svid = (await cluster["s1"].FetchAsync(await cluster["s1"].JoinTokenAsync(id))).Svid;
        Assert.Equal(HttpStatusCode.OK, (await cluster["s2"].FetchAsync(null, svid)).Status);

        var receipt = await cluster["s1"].PostAsync("/v1/denials", new { spiffeId = id, reason = "a test" });
        await MeshCluster.UntilAsync(
            async () => (receipt = await cluster["s2"].GetAsync($"/v1/denials/{receipt["number"]}"))["effectiveAt"] is not null, "the moment from which the denial holds everywhere");

        foreach (var silo in cluster.Silos)
        {
            var (status, body, _) = await silo.FetchAsync(null, svid);
            Assert.True(status == HttpStatusCode.Forbidden, body.ToJsonString());
        }
    }

    [SkippableFact]
    public async Task Two_silos_that_race_for_registrations_lose_none_and_double_none()
    {
        await using var cluster = await MeshCluster.StartAsync(servers, 2);
        var wanted = Enumerable.Range(0, 20).SelectMany(i => cluster.Silos.Select(silo => (Silo: silo, Id: $"spiffe://{SiloClient.TrustDomain}/raced/{i}"))).ToList();

        var answers = await Task.WhenAll(wanted.Select(async one =>
        {
            using var response = await one.Silo.Admin.PostAsJsonAsync("/v1/entries", new { spiffeId = one.Id, selectors = (string[])["k8s:ns:a"], parentId = $"spiffe://{SiloClient.TrustDomain}/node" });
            return (one.Id, response.StatusCode, Body: await response.Content.ReadAsStringAsync());
        }));

        var made = answers.Where(answer => answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created).ToList();
        Assert.True(answers.All(answer => (int)answer.StatusCode is 200 or 201 or 409), string.Join("\n", answers.Select(answer => answer.Body).Distinct()));
        var ids = made.Select(answer => (string)JsonNode.Parse(answer.Body)!["id"]!).ToHashSet();
        foreach (var silo in cluster.Silos)
        {
            var listed = (await silo.GetAsync("/v1/entries?limit=1000"))["entries"]!.AsArray();
            Assert.Equal(ids, listed.Select(entry => (string)entry!["id"]!).ToHashSet());
            Assert.Equal(20, listed.Select(entry => (string)entry!["spiffeId"]!).Distinct().Count());
        }
    }

    [SkippableFact]
    public async Task Workloads_grains_spread_over_the_silos_evenly()
    {
        const int Workloads = 200;
        await using var cluster = await MeshCluster.StartAsync(servers, 2);
        var grains = cluster["s1"].Services.GetRequiredService<IGrainFactory>();

        await Task.WhenAll(Enumerable.Range(0, Workloads).Select(i => grains.GetGrain<IWorkloadIdentityGrain>($"spiffe://{SiloClient.TrustDomain}/spread/{i}").GetAsync()));

        var counted = await grains.GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics();
        var bySilo = counted.Where(grain => grain.GrainId.Type.ToString() == "workload").GroupBy(grain => grain.SiloAddress).Select(silo => silo.Count()).ToList();
        Assert.Equal(Workloads, bySilo.Sum());

        // By chance further from a half than this: once in a hundred million runs.
        Assert.All(bySilo, count => Assert.InRange(count, 60, 140));
    }

    [SkippableFact]
    public async Task A_join_token_shown_to_two_silos_at_once_admits_one_caller()
    {
        await using var cluster = await MeshCluster.StartAsync(servers, 2);
        var token = await cluster["s1"].JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/once");

        var answers = await Task.WhenAll(cluster.Silos.Select(silo => silo.FetchAsync(token)));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task A_silo_that_stops_is_not_ready_first_and_serves_on_until_balancers_have_noticed()
    {
        await using var cluster = await MeshCluster.StartAsync(servers, 1);
        var leaving = await cluster.AddProcessAsync("s2", "gateway.drainDelay=6s");
        var token = await cluster["s1"].JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/late");

        var stopped = leaving.StopAsync();
        await leaving.NotReadyAsync("stopping");

        Assert.Equal(HttpStatusCode.OK, (await leaving.FetchAsync(token)).Status);
        Assert.Equal(0, await stopped);
    }
}
