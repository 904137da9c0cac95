using System.Collections.Immutable;
using System.Globalization;

namespace MeshGrains.Grains;

/// <summary>The gates of a rotation's phases, as pure functions. What could not be found out keeps a gate shut.</summary>
internal static class RotationGates
{
    /// <summary>Facts of a cluster that are older say nothing any more.</summary>
    internal static readonly TimeSpan FactsAge = TimeSpan.FromMinutes(5);

    /// <summary>The gates that the present phase waits for, and what each waits for.</summary>
    public static ImmutableArray<RotationGate> Judge(TrustDomainState state, RotationFacts facts, RotationOptions options, DateTimeOffset now)
    {
        var rotation = state.Rotation!;
        var gates = ImmutableArray.CreateBuilder<RotationGate>();
        gates.Add(OfClusters(facts, RotationGate.Silos, cluster => cluster.Silos, now, "every silo does everything by this bundle", "silos that have not taken it"));
        switch (rotation.Phase)
        {
            case RotationPhase.Distribute:
                gates.Add(Fence(facts, now));
                gates.Add(Certificates(facts, now, "certificates that were delivered with an older bundle"));
                gates.Add(OfClusters(facts, RotationGate.Agents, cluster => cluster.Agents, now, "every live agent's consumers hold it", "live agents that have not acknowledged it"));
                gates.Add(Outside(state, rotation, facts, options, now));
                break;
            case RotationPhase.Activate:
                gates.Add(Hold(rotation, options, now));
                break;
            case RotationPhase.Drain:
                gates.Add(Fence(facts, now));
                gates.Add(Certificates(facts, now, "certificates that chain to the leaving root"));
                gates.Add(Restore(state, now));
                break;
            default:
                break;
        }

        return [.. gates.Where(gate => !options.WithoutGates.Contains(gate.Name))];
    }

    /// <summary>Whether every endpoint serves the bundle: from then on the lag of outside readers counts.</summary>
    public static bool IsServedEverywhere(RotationFacts facts) => facts.Clusters.All(cluster => cluster.Failure is null && cluster.Silos.Count == 0);

    /// <summary>Silos and fences answer within a lease or are fenced off; a declared restore is not overruled. The others have had their time.</summary>
    public static bool MayBePassedByTime(RotationGate gate) =>
        gate.Name is RotationGate.Agents or RotationGate.Certificates or RotationGate.Outside or RotationGate.Hold;

    /// <summary>Whether a compromised root's phase has had its time; a drain also the time that the re-issue takes.</summary>
    public static bool IsOverdue(RootRotation rotation, RotationOptions options, DateTimeOffset now) => rotation.PhaseSince + options.CompromisedWithin
        + (rotation.Phase == RotationPhase.Drain ? TimeSpan.FromSeconds(rotation.ReissueOverSeconds) : TimeSpan.Zero) <= now;

    /// <summary>When the last gate that has an estimate opens; null when one that is shut has none.</summary>
    public static DateTimeOffset? EstimatedEnd(ImmutableArray<RotationGate> gates, DateTimeOffset now)
    {
        var shut = gates.Where(gate => !gate.IsOpen).ToList();
        return shut.Count == 0 ? now : shut.All(gate => gate.OpensBy is not null) ? shut.Max(gate => gate.OpensBy) : null;
    }

    private static RotationGate OfClusters(
        RotationFacts facts, string name, Func<ClusterRotationFacts, Shortfall> shortfall, DateTimeOffset now, string open, string shut)
    {
        long count = 0;
        var names = new List<string>();
        foreach (var cluster in facts.Clusters)
        {
            if (Unknown(cluster, now) is { } why)
            {
                count++;
                names.Add($"cluster {cluster.Cluster}: {why}");
                continue;
            }

            var missing = shortfall(cluster);
            count += missing.Count;
            names.AddRange(missing.Names);
        }

        return Gate(name, count == 0 && !facts.Clusters.IsEmpty, count, names, count == 0 ? open : string.Create(CultureInfo.InvariantCulture, $"{count} {shut}"));
    }

    private static RotationGate Fence(RotationFacts facts, DateTimeOffset now) => OfClusters(
        facts, RotationGate.Fence, cluster => cluster.Unfenced, now, "every earlier issuing CA is fenced", "earlier issuing CAs whose log shards still take records");

    private static RotationGate Certificates(RotationFacts facts, DateTimeOffset now, string what)
    {
        var unknown = facts.Clusters.Where(cluster => Unknown(cluster, now) is not null || cluster.Live is null).Select(cluster => cluster.Cluster).ToList();
        var live = facts.Clusters.Sum(cluster => cluster.Live ?? 0);
        if (unknown.Count > 0 || facts.Clusters.IsEmpty)
        {
            return Gate(RotationGate.Certificates, false, live, [], $"not counted yet in {string.Join(", ", unknown)}: that needs every earlier issuing CA fenced and the log");
        }

        var endsBy = facts.Clusters.Max(cluster => cluster.LiveEndsBy);
        return live == 0
            ? Gate(RotationGate.Certificates, true, 0, [], $"no live {what}")
            : Gate(RotationGate.Certificates, false, live, [], string.Create(CultureInfo.InvariantCulture, $"{live} live {what}"), endsBy);
    }

    private static RotationGate Outside(TrustDomainState state, RootRotation rotation, RotationFacts facts, RotationOptions options, DateTimeOffset now)
    {
        var lag = options.OutsideLag ?? TimeSpan.FromSeconds(5L * state.RefreshHintSeconds);
        if (rotation.Compromised)
        {
            lag = Min(lag, TimeSpan.FromSeconds(state.RefreshHintSeconds));
        }

        if (rotation.ServedEverywhereAt is not { } since)
        {
            return Gate(RotationGate.Outside, false, 0, [], "the time of outside readers begins when every silo serves the bundle");
        }

        var published = OfClusters(facts, RotationGate.Outside, cluster => cluster.Outside, now, "", "publications whose readers may still show less");
        if (!published.IsOpen)
        {
            return published;
        }

        return since + lag <= now
            ? Gate(RotationGate.Outside, true, 0, [], $"outside readers had {lag} since {since:u}")
            : Gate(RotationGate.Outside, false, 0, [], $"outside readers have {lag} since {since:u}", since + lag);
    }

    private static RotationGate Hold(RootRotation rotation, RotationOptions options, DateTimeOffset now)
    {
        var hold = rotation.Compromised || rotation.RolledBack ? TimeSpan.Zero : options.Hold;
        var until = rotation.PhaseSince + hold;
        return until <= now
            ? Gate(RotationGate.Hold, true, 0, [], "the time for a rollback is over")
            : Gate(RotationGate.Hold, false, 0, [], $"a rollback is possible until {until:u}", until);
    }

    private static RotationGate Restore(TrustDomainState state, DateTimeOffset now) => state.RetireGatesShutUntil is { } until && until > now
        ? Gate(RotationGate.Restore, false, 0, [], $"a declared restore keeps everything until {until:u}", until)
        : Gate(RotationGate.Restore, true, 0, [], "no declared restore stands in the way");

    private static string? Unknown(ClusterRotationFacts cluster, DateTimeOffset now) =>
        cluster.Failure ?? (cluster.At + FactsAge < now ? $"nothing heard since {cluster.At:u}" : null);

    private static RotationGate Gate(string name, bool open, long waits, IReadOnlyList<string> names, string detail, DateTimeOffset? opensBy = null) =>
        new(name, open, waits, [.. names.Take(Shortfall.MaxNames)], detail, opensBy);

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
