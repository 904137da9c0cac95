using System.Text;
using MeshGrains.Testing;

namespace MeshGrains.Gateway.Tests.Authentication;

public sealed class KubernetesSourcesTests
{
    private static KubernetesSource Source(string name, params string[] clusterIds)
    {
        var options = new KubernetesIssuerOptions { Name = name, Issuer = KubernetesTokens.DefaultIssuer };
        foreach (var id in clusterIds)
        {
            options.ClusterIds.Add(id);
        }

        return new KubernetesSource(options, null, null);
    }

    private static string Find(string? clusterId, params KubernetesSource[] sources)
        => new KubernetesSources(sources).Find(Encoding.ASCII.GetBytes(KubernetesTokens.DefaultIssuer), clusterId, out var fault)?.Name ?? fault.ToString();

    [Fact]
    public void One_source_without_cluster_ids_serves_every_call()
    {
        Assert.Equal("a", Find(null, Source("a")));
        Assert.Equal("a", Find("anything", Source("a")));
    }

    [Fact]
    public void One_source_with_cluster_ids_serves_those_and_calls_that_name_none()
    {
        Assert.Equal("a", Find("east", Source("a", "east")));
        Assert.Equal("a", Find(null, Source("a", "east")));
        Assert.Equal("a", Find("", Source("a", "east")));
        Assert.Equal("WrongCluster", Find("west", Source("a", "east")));
    }

    [Fact]
    public void Clusters_that_share_an_issuer_name_are_told_apart_by_cluster_id()
    {
        KubernetesSource[] both = [Source("a", "east"), Source("b", "west", "Kubernetes")];
        Assert.Equal("a", Find("east", both));
        Assert.Equal("b", Find("Kubernetes", both));
        Assert.Equal("WrongCluster", Find("EAST", both));
        Assert.Equal("WrongCluster", Find(null, both));
        Assert.Equal("primary", Find(null, [.. both, Source("primary")]));
        Assert.Equal("primary", Find("north", [.. both, Source("primary")]));
    }

    [Fact]
    public void No_source_serves_an_issuer_that_is_not_configured()
    {
        var sources = new KubernetesSources([Source("a")]);
        Assert.Null(sources.Find("https://other"u8, null, out var fault));
        Assert.Equal(TokenFault.WrongIssuer, fault);
        Assert.Null(sources.Find(default, null, out _));
        Assert.Null(sources.Find(new byte[513], null, out _));
        Assert.Null(new KubernetesSources([]).Find(Encoding.ASCII.GetBytes(KubernetesTokens.DefaultIssuer), null, out _));
    }
}
