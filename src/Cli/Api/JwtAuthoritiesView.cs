namespace MeshGrains.Cli;

/// <summary>A cluster's JWT authorities; <paramref name="Waiting"/> is null while none is prepared.</summary>
internal sealed record JwtAuthoritiesView(string TrustDomain, string Cluster, DateTimeOffset Now, IReadOnlyList<JwtAuthorityItem>? Keys, JwtAuthorityWaiting? Waiting);

internal sealed record JwtAuthorityItem(
    string KeyId, string Algorithm, string State, DateTimeOffset CreatedAt, DateTimeOffset NotAfter, long SecondsLeft, DateTimeOffset? PublishedAt, long BundleNumber,
    DateTimeOffset? HighestExpiry, string? Reason, string? Actor);

internal sealed record JwtAuthorityWaiting(
    DateTimeOffset NotBefore, DateTimeOffset AtLatest, long Silos, IReadOnlyList<string>? SilosMissing, long Agents, IReadOnlyList<string>? AgentsMissing, string? Trouble);
