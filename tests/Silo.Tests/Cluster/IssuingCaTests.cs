using System.Net;
using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Silo.Tests;

/// <summary>Each silo's issuing CA: one KMS signature to join, no bundle change, and an end when its silo is gone.</summary>
[Collection(ClusterServers.Collection)]
public sealed class IssuingCaTests(ClusterServers servers)
{
    /// <summary>What is due is looked for every tenth of an issuing CA's life.</summary>
    private static readonly string[] Brisk = ["denials.lease=3s", "ca.allowShortLives=true", "ca.issuingCaTtl=100s", "svid.defaultTtl=20s", "svid.maxTtl=20s"];

    [SkippableFact]
    public async Task A_joining_silo_costs_one_signature_of_the_key_manager_signs_at_once_and_changes_no_bundle()
    {
        using var folder = new TempDirectory();
        await using var vault = await EmulatedVault.StartAsync(folder);
        await using var cluster = await MeshCluster.CreateAsync(servers, null, vault.Settings);
        var first = await cluster.AddAsync("s1");
        var (signed, bundle) = (vault.Host.Calls["sign"], await File.ReadAllTextAsync(first.BundlePath));

        var second = await cluster.AddAsync("s2");

        Assert.Equal(signed + 1, vault.Host.Calls["sign"]);
        Assert.Equal(bundle, await File.ReadAllTextAsync(second.BundlePath));
        Assert.Equal(HttpStatusCode.OK, (await second.FetchAsync(await first.JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/hello"))).Status);
        Assert.Equal(signed + 1, vault.Host.Calls["sign"]);
    }

    [SkippableFact]
    public async Task A_silo_that_leaves_gives_its_CA_back()
    {
        await using var cluster = await MeshCluster.StartAsync(servers, 2);
        var left = cluster["s2"].Services.GetRequiredService<IssuerSource>().Current!.AuthorityId;

        await cluster.RemoveAsync("s2");

        var (_, _, state) = Assert.Single(await MeshCluster.IssuingCasAsync(cluster["s1"]), ca => ca.Id == left);
        Assert.NotEqual("active", state);
    }

    [SkippableFact]
    public async Task A_tainted_CA_is_replaced_at_its_silo_alone()
    {
        await using var cluster = await MeshCluster.StartAsync(servers, 2);
        var before = cluster.Silos.Select(silo => silo.Services.GetRequiredService<IssuerSource>().Current!.AuthorityId).ToList();

        await cluster["s1"].PostAsync($"/v1/issuing-cas/{before[1]}/taint", new { reason = "a test" });

        await MeshCluster.UntilAsync(
            () => Task.FromResult(cluster["s2"].Services.GetRequiredService<IssuerSource>().Current is { } issuer && issuer.AuthorityId != before[1]), "another CA for s2");
        Assert.Equal(before[0], cluster["s1"].Services.GetRequiredService<IssuerSource>().Current!.AuthorityId);
        Assert.Equal("tainted", Assert.Single(await MeshCluster.IssuingCasAsync(cluster["s1"]), ca => ca.Id == before[1]).State);
    }

    [SkippableFact]
    public async Task A_killed_silos_CA_is_fenced_off_and_the_others_go_on()
    {
        await using var cluster = await MeshCluster.StartAsync(servers, 1, Brisk);
        var killed = await cluster.AddProcessAsync("s2");
        var ca = Assert.Single(await MeshCluster.IssuingCasAsync(cluster["s1"]), ca => ca.Silo == "s2");

        var token = await cluster["s1"].JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/on");
        await killed.KillAsync();

        Assert.Equal(HttpStatusCode.OK, (await cluster["s1"].FetchAsync(token)).Status);
        await MeshCluster.UntilAsync(
            async () => (await MeshCluster.IssuingCasAsync(cluster["s1"])).Single(other => other.Id == ca.Id).State is not "active", "the end of the killed silo's CA");
    }

    [SkippableFact]
    public async Task A_frozen_silo_that_thaws_after_its_CA_was_fenced_off_asks_for_a_new_start()
    {
        await using var cluster = await MeshCluster.StartAsync(servers, 1, Brisk);
        var frozen = await cluster.AddProcessAsync("s2");
        var ca = Assert.Single(await MeshCluster.IssuingCasAsync(cluster["s1"]), ca => ca.Silo == "s2");

        frozen.Freeze();
        await MeshCluster.UntilAsync(
            async () => (await MeshCluster.IssuingCasAsync(cluster["s1"])).Single(other => other.Id == ca.Id).State is not "active", "the end of the frozen silo's CA");
        frozen.Thaw();

        Assert.Equal(SiloFate.RestartCode, await frozen.EndAsync(TimeSpan.FromSeconds(60)));
    }
}
