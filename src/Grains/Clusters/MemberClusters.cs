using System.Collections.Immutable;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>The member clusters that this home lists, whether they were ever heard or not.</summary>
public sealed class MemberClusters(
    IGrainFactory grains, IOptions<TrustDomainOptions> trustDomain, IOptions<AuthorityOptions> authority, IOptions<DenialOptions> denials, IOptions<RotationOptions> rotation,
    TimeProvider time)
{
    /// <summary>Reports that may be missed before a member counts as cut off.</summary>
    private const int MissedReports = 3;

    public async Task<ImmutableArray<ClusterStanding>> ListAsync() =>
        [.. await Task.WhenAll(authority.Value.Clusters.Select(member => Grain(member.Name).GetAsync()))];

    public IMemberClusterGrain Grain(string cluster) => grains.GetGrain<IMemberClusterGrain>($"{trustDomain.Value.Name}/{cluster}");

    /// <summary>How a number of this home's denial set stands in each member.</summary>
    public async Task<ImmutableArray<MemberDenials>> DenialsAsync(long number) =>
        [.. await Task.WhenAll(authority.Value.Clusters.Select(member => DenialsAsync(member.Name, number)))];

    private async Task<MemberDenials> DenialsAsync(string cluster, long number)
    {
        DateTimeOffset? heard;
        DateTimeOffset? held;
        try
        {
            heard = (await Grain(cluster).GetAsync()).HeardAt;
            held = await Grain(cluster).DenialsHeldAsync(number);
        }
        catch (Exception)
        {
            // What was ordered stands, whether a member's record can be read now or not: nothing is known of it.
            (heard, held) = (null, null);
        }

        var reports = rotation.Value.LookEvery * MissedReports;
        var longest = reports > denials.Value.Lease ? reports : denials.Value.Lease;
        return new MemberDenials(cluster, held, heard, held is null && !(time.GetUtcNow() - heard <= longest));
    }

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
