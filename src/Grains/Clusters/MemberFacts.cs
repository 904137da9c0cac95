using System.Globalization;

namespace MeshGrains.Grains;

/// <summary>What a member's last report says to a rotation's phase, as a pure function. Whoever says nothing to it keeps its gates shut, by name.</summary>
internal static class MemberFacts
{
    public static ClusterRotationFacts Of(ClusterStanding standing, RotationView rotation)
    {
        if (standing is not { HeardAt: { } heard, Report: { } report })
        {
            return Nothing(standing.Cluster, DateTimeOffset.MinValue, "it has never reported");
        }

        if (report.Facts is not { } facts || (report.RotationId, report.Phase, report.Number) != (rotation.RotationId, rotation.Phase, rotation.Number))
        {
            return Nothing(standing.Cluster, heard, string.Create(
                CultureInfo.InvariantCulture, $"it has not reported on this phase yet (heard at {heard:u}, it serves bundle {report.BundleNumber} of {rotation.Number})"));
        }

        // By the home's clock, and in no other cluster's name.
        return facts with
        {
            Cluster = standing.Cluster,
            At = heard,
            Silos = Named(facts.Silos),
            Agents = Named(facts.Agents),
            Unfenced = Named(facts.Unfenced),
            Outside = Named(facts.Outside),
        };

        Shortfall Named(Shortfall missing) => missing with { Names = [.. missing.Names.Select(name => $"{standing.Cluster}: {name}")] };
    }

    /// <summary>For a member of which nothing could be read.</summary>
    public static ClusterRotationFacts Nothing(string cluster, DateTimeOffset at, string why) =>
        new(cluster, at, Shortfall.None, Shortfall.None, Shortfall.None, Shortfall.None, Live: null, LiveEndsBy: null, Failure: why);
}
