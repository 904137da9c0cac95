using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

/// <summary>What clients of a gateway see of a cluster whose silos die, freeze, and have no issuing CA.</summary>
[Collection(ClusterServers.Collection)]
public sealed class GatewayTests(ClusterServers servers)
{
    private const int Clients = 4;

    [SkippableFact]
    public async Task A_silo_that_is_killed_or_frozen_fails_no_call_and_costs_one_attempts_time_at_most()
    {
        await using var cluster = await MeshCluster.CreateAsync(servers, null, "relay.listen=127.0.0.1:0");
        var first = await cluster.AddAsync("s1");
        var second = await cluster.AddProcessAsync("s2");
        var third = await cluster.AddProcessAsync("s3");
        cluster.WriteBootstrap("edge-1", BootstrapNames.GatewayRole);
        await using var front = await RunningFront.StartUnreadyAsync(
            first, cluster.DataOf("edge-1"), $"relay.silos.0={RunningFront.RelayOf(first)}", $"relay.silos.1={(string)second.Endpoints["relay"]!}",
            $"relay.silos.2={(string)third.Endpoints["relay"]!}", "relay.attemptTimeout=3s", "relay.deadline=30s");
        await front.ReadyAsync(withTemplates: false);
        await SilosAsync(front, "ready", 3);
        var started = await front.FetchAsync(await first.JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/hello/world"));
        Assert.True(started.Status == HttpStatusCode.OK, started.Body.ToJsonString());

        using var enough = new CancellationTokenSource();
        var (failures, serials, longest) = (new ConcurrentBag<string>(), new ConcurrentBag<string>(), 0.0);
        var clients = Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                var watch = Stopwatch.StartNew();
                try
                {
                    var (status, body, _) = await front.FetchAsync(null, started.Svid);
                    (status == HttpStatusCode.OK ? serials : failures).Add(status == HttpStatusCode.OK ? (string)body["serial"]! : body.ToJsonString());
                }
                catch (Exception broken)
                {
                    failures.Add(broken.Message);
                }

                lock (serials)
                {
                    longest = Math.Max(longest, watch.Elapsed.TotalSeconds);
                }
            }
        })).ToArray();
        Task IssuedAsync(int more)
        {
            var goal = serials.Count + more;
            return MeshCluster.UntilAsync(() => Task.FromResult(serials.Count >= goal || !failures.IsEmpty), $"{more} more certificates");
        }

        await IssuedAsync(20);
        await second.KillAsync();
        await IssuedAsync(40);
        third.Freeze();
        try
        {
            await IssuedAsync(20);
            await first.ReadyAsync();
            await SilosAsync(front, "ready", 1);
            await IssuedAsync(40);
        }
        finally
        {
            third.Thaw();
        }

        await enough.CancelAsync();
        await Task.WhenAll(clients);
        Assert.Empty(failures);
        Assert.Equal(serials.Count, serials.Distinct().Count());

        // One attempt, and what a busy machine adds; far from the deadline.
        Assert.InRange(longest, 0, 20);
        var held = (await first.GetAsync("/v1/issuances?limit=1000"))["issuances"]!.AsArray().Select(record => (string)record!["serial"]!).ToHashSet();
        Assert.Empty(serials.Except(held));
    }

    [SkippableFact]
    public async Task A_silo_without_the_role_issuer_serves_by_one_that_has_it()
    {
        await using var cluster = await MeshCluster.CreateAsync(servers, null, "relay.listen=127.0.0.1:0");
        var issuer = await cluster.AddAsync("s1");
        var authority = await cluster.AddAsync("s2", "roles.0=authority");
        await MeshCluster.UntilAsync(() => Task.FromResult(File.Exists(authority.BundlePath)), "the bundle has come over the relay link");
        Assert.Equal(File.ReadAllText(issuer.BundlePath), File.ReadAllText(authority.BundlePath));

        await MeshCluster.UntilAsync(() => Task.FromResult(File.Exists(Path.Combine(authority.Data, "serving.pem"))), "its serving certificate has come");
        var token = await issuer.JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/hello/authority");
        var (status, body, svid) = await authority.FetchAsync(token);
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        var renewed = await authority.FetchAsync(null, svid);
        Assert.True(renewed.Status == HttpStatusCode.OK, renewed.Body.ToJsonString());
        var ca = Assert.Single(await MeshCluster.IssuingCasAsync(issuer));
        Assert.Equal("s1", ca.Silo);

        // No gateway hands it an issuance while another can be had.
        cluster.WriteBootstrap("edge-1", BootstrapNames.GatewayRole);
        await using var front = await RunningFront.StartUnreadyAsync(
            issuer, cluster.DataOf("edge-1"), $"relay.silos.0={RunningFront.RelayOf(authority)}", $"relay.silos.1={RunningFront.RelayOf(issuer)}");
        await front.ReadyAsync(withTemplates: false);
        await SilosAsync(front, "not_ready", 1);
        await SilosAsync(front, "ready", 1);
    }

    private static Task SilosAsync(SiloClient front, string state, int count)
    {
        var told = "";
        return MeshCluster.UntilAsync(
            async () =>
            {
                using var client = new HttpClient { BaseAddress = front.Operations };
                var metrics = await client.GetStringAsync("/metrics");
                told = string.Join(", ", metrics.Split('\n').Where(line => line.StartsWith("meshgrains_relay_silos{", StringComparison.Ordinal)));
                return metrics.Contains($"meshgrains_relay_silos{{state=\"{state}\"}} {count}\n", StringComparison.Ordinal);
            },
            () => $"{count} silos are {state}; it stayed at {told}");
    }
}
