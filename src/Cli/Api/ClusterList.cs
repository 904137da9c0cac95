namespace MeshGrains.Cli;

/// <summary>The member clusters of a home.</summary>
internal sealed record ClusterList(string Home, long BundleNumber, IReadOnlyList<ClusterView>? Clusters);

/// <summary>One member; nothing but its name and paths while it was never heard.</summary>
internal sealed record ClusterView(
    string Name, IReadOnlyList<string>? AllowedPaths, DateTimeOffset? HeardAt, long? BundleNumber, IReadOnlyList<string>? ReportedPaths, string? Phase,
    IReadOnlyList<string>? Missing, long? Live, string? Failure);
