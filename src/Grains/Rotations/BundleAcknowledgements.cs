using System.Collections.Immutable;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Who of this cluster does not hold a bundle number yet: what a root's rotation and the activation of a JWT authority wait for.</summary>
internal sealed class BundleAcknowledgements(IGrainFactory grains, IOptions<TrustDomainOptions> trustDomain, IOptions<SvidOptions> svids, TimeProvider time)
{
    private const int PageSize = 1000;

    public Task<ImmutableArray<BundleHolder>> HoldersAsync() => grains.GetGrain<IDenialGrain>(trustDomain.Value.Name).BundleHoldersAsync();

    /// <summary>Silos that do not do everything by it.</summary>
    public static Shortfall Silos(ImmutableArray<BundleHolder> holders, long number) => Shortfall.Of(holders
        .Where(holder => holder.BundleNumber != DenialConfirmation.HoldsNoBundle && !(holder.BundleNumber >= number))
        .Select(holder => holder.BundleNumber is { } held ? $"{holder.Silo} (bundle {held})" : $"{holder.Silo} (not told yet)")
        .Order(StringComparer.Ordinal));

    /// <summary>Live agents with a consumer that does not hold it.</summary>
    public async Task<Shortfall> AgentsAsync(long number)
    {
        var now = time.GetUtcNow();
        var missing = new List<string>();
        long count = 0;
        for (var shard = 0; shard < AgentRosterShards.Count; shard++)
        {
            var roster = grains.GetGrain<IAgentRosterGrain>(AgentRosterShards.Key(trustDomain.Value.Name, shard));
            string? after = null;
            while (await roster.ListAsync(after, PageSize) is { IsEmpty: false } page)
            {
                foreach (var agent in page.Where(agent => AgentRosterDecisions.IsLive(agent, now, svids.Value.ClockSkew) && agent.BundleNumber < number))
                {
                    count++;
                    if (missing.Count < Shortfall.MaxNames)
                    {
                        missing.Add($"{agent.AgentId} (bundle {agent.BundleNumber}{(agent.Connection is null ? ", not connected" : "")}, until {agent.NotAfter:u})");
                    }
                }

                after = page[^1].AgentId;
            }
        }

        return count == 0 ? Shortfall.None : new Shortfall(count, [.. missing]);
    }
}
