using MeshGrains.Grains;

namespace MeshGrains.Gateway.Rest;

/// <summary>The member clusters of this home, in the order of its configuration, and the bundle number that they should serve.</summary>
internal sealed record ClusterList(string Home, long BundleNumber, IReadOnlyList<ClusterItem> Clusters);

/// <summary>
/// One member. From <paramref name="HeardAt"/> on all is absent when it was never heard; <paramref name="Phase"/> and what follows it, while it has reported on
/// no rotation. <paramref name="Missing"/> names what a rotation waits for there, <paramref name="Live"/> counts what was issued before it and still lives.
/// </summary>
internal sealed record ClusterItem(
    string Name, IReadOnlyList<string> AllowedPaths, DateTimeOffset? HeardAt, long? BundleNumber, IReadOnlyList<string>? ReportedPaths, RotationPhase? Phase,
    IReadOnlyList<string>? Missing, long? Live, string? Failure)
{
    public static ClusterItem Of(MemberClusterOptions member, ClusterStanding standing)
    {
        var (report, facts) = (standing.Report, standing.Report?.Facts);
        return new ClusterItem(
            member.Name, [.. member.AllowedPaths], standing.HeardAt, report?.BundleNumber, report is null ? null : [.. report.AllowedPaths],
            facts is null ? null : report!.Phase, facts is null ? null : [.. facts.Silos.Names, .. facts.Agents.Names, .. facts.Unfenced.Names, .. facts.Outside.Names],
            facts?.Live, facts?.Failure);
    }
}
