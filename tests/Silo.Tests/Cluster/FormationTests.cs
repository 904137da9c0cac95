using System.Net;
using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Silo.Tests;

/// <summary>Silos find each other on Redis, share their state on blobs, and each signs with a CA of its own.</summary>
[Collection(ClusterServers.Collection)]
public sealed class FormationTests(ClusterServers servers)
{
    [SkippableFact]
    public async Task Three_silos_form_a_cluster_and_each_signs_with_a_CA_of_its_own_under_one_bundle()
    {
        await using var cluster = await MeshCluster.StartAsync(servers, 3);

        var issuers = cluster.Silos.Select(silo => silo.Services.GetRequiredService<IssuerSource>().Current!).ToList();
        Assert.Equal(3, issuers.Select(issuer => issuer.AuthorityId).Distinct().Count());
        Assert.Single(issuers.Select(issuer => issuer.RootAuthorityId).Distinct());
        Assert.Single(cluster.Silos.Select(silo => File.ReadAllText(silo.BundlePath)).Distinct());
        foreach (var silo in cluster.Silos)
        {
            // Registered through one silo, issued by another.
            var token = await cluster["s1"].JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/hello/{Path.GetFileName(silo.Data)}");
            var (status, body, _) = await silo.FetchAsync(token);
            Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        }
    }
}
