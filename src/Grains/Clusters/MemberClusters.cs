using System.Collections.Immutable;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>The member clusters that this home lists, whether they were ever heard or not.</summary>
public sealed class MemberClusters(IGrainFactory grains, IOptions<TrustDomainOptions> trustDomain, IOptions<AuthorityOptions> authority)
{
    public async Task<ImmutableArray<ClusterStanding>> ListAsync() =>
        [.. await Task.WhenAll(authority.Value.Clusters.Select(member => Grain(member.Name).GetAsync()))];

    public IMemberClusterGrain Grain(string cluster) => grains.GetGrain<IMemberClusterGrain>($"{trustDomain.Value.Name}/{cluster}");

    internal async Task<ImmutableArray<ClusterRotationFacts>> FactsAsync(RotationView rotation) =>
        [.. await Task.WhenAll(authority.Value.Clusters.Select(member => FactsAsync(member.Name, rotation)))];

    private async Task<ClusterRotationFacts> FactsAsync(string cluster, RotationView rotation)
    {
        try
        {
            return MemberFacts.Of(await Grain(cluster).GetAsync(), rotation);
        }
        catch (Exception failure)
        {
            return MemberFacts.Nothing(cluster, DateTimeOffset.MinValue, failure.Message);
        }
    }
}
