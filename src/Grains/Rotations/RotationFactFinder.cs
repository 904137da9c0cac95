using System.Collections.Immutable;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Finds out what a rotation's phase waits on in this cluster. The order counts: silos first, then the fences, then the log, so that a count of nothing
/// is one that stays. What does not answer is told as such and keeps its gate shut.
/// </summary>
internal sealed class RotationFactFinder(
    IGrainFactory grains, MemberClusters members, IIssuanceLog log, BundleAcknowledgements acknowledgements, IOptions<TrustDomainOptions> trustDomain, IOptions<SvidOptions> svids,
    TimeProvider time)
{
    public async Task<RotationFacts> FindAsync(RotationView rotation, CancellationToken cancellationToken) =>
        new(rotation.RotationId, rotation.Phase, rotation.Number, [await FindHereAsync(rotation, cancellationToken), .. await members.FactsAsync(rotation)]);

    /// <summary>This cluster's part.</summary>
    public async Task<ClusterRotationFacts> FindHereAsync(RotationView rotation, CancellationToken cancellationToken)
    {
        var facts = new ClusterRotationFacts(
            trustDomain.Value.Cluster, time.GetUtcNow(), Shortfall.None, Shortfall.None, Shortfall.None, Shortfall.None, Live: null, LiveEndsBy: null, Failure: null);
        try
        {
            var holders = await acknowledgements.HoldersAsync();
            facts = facts with { Silos = BundleAcknowledgements.Silos(holders, rotation.Number), Outside = Outside(holders, rotation.Number) };
            if (rotation.Phase == RotationPhase.Distribute)
            {
                facts = facts with { Agents = await acknowledgements.AgentsAsync(rotation.Number) };
            }

            // Before every silo has swapped, fencing would only make them swap by refusal.
            var fences = rotation.Phase is RotationPhase.Distribute or RotationPhase.Drain;
            return !fences ? facts
                : facts.Silos.Count > 0 ? facts with { Unfenced = new Shortfall(1, ["silos first"]) }
                : await CountAsync(facts, rotation, cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            return facts with { Failure = failure.Message };
        }
    }

    private static Shortfall Outside(ImmutableArray<BundleHolder> holders, long number) => Shortfall.Of(holders
        .Where(holder => holder.OutsideNumber < number)
        .Select(holder => $"{holder.OutsideName} of silo {holder.Silo}")
        .Order(StringComparer.Ordinal));

    private async Task<ClusterRotationFacts> CountAsync(ClusterRotationFacts facts, RotationView rotation, CancellationToken cancellationToken)
    {
        var root = rotation.Phase == RotationPhase.Drain ? rotation.LeavingAuthorityId : null;
        var all = await grains.GetGrain<IClusterCaGrain>(trustDomain.Value.ClusterKey).FenceAsync(rotation.Number, root);
        var (now, skew) = (time.GetUtcNow(), svids.Value.ClockSkew);
        var earlier = all.Where(ca => root is null ? ca.BundleNumber < rotation.Number : ca.RootAuthorityId == root).ToList();
        facts = facts with
        {
            Unfenced = Shortfall.Of(earlier.Where(ca => ca.SealedAt is null && ca.NotAfter + skew >= now).Select(ca => $"{ca.AuthorityId} of silo {ca.Silo} (until {ca.NotAfter:u})")),
        };
        if (facts.Unfenced.Count > 0)
        {
            return facts;
        }

        // A shard that the cluster CA does not know, because its state was restored or pruned, counts as an earlier one.
        var counts = await log.CountLiveAsync(trustDomain.Value.Name, now - skew, cancellationToken);
        var later = all.Except(earlier).Select(ca => ca.AuthorityId).ToHashSet(StringComparer.Ordinal);
        var live = counts.Where(count => !later.Contains(count.Key)).Sum(count => count.Value);
        var lastEnded = earlier.Max(ca => ca.SealedAt ?? ca.EndedAt);
        return facts with { Live = live, LiveEndsBy = live == 0 ? null : lastEnded + svids.Value.DefaultTtl + skew };
    }
}
