using MeshGrains.Grains;

namespace MeshGrains.Gateway.Rest;

/// <summary>
/// This cluster's JWT authorities. <paramref name="Waiting"/> is there while a prepared one has not been let sign.
/// </summary>
internal sealed record JwtAuthoritiesView(string TrustDomain, string Cluster, DateTimeOffset Now, IReadOnlyList<JwtAuthorityItem> Keys, JwtAuthorityWaiting? Waiting)
{
    public static JwtAuthoritiesView Of(JwtAuthorityList list, string trustDomain, string cluster, DateTimeOffset now) => new(
        trustDomain, cluster, now,
        [.. list.Keys.Select(key => new JwtAuthorityItem(
            key.KeyId, key.Algorithm, key.State, key.CreatedAt, key.NotAfter, (long)(key.NotAfter - now).TotalSeconds, key.PublishedAt, key.BundleNumber,
            key.HighestExpiry, key.Reason, key.Actor))],
        list is { Silos: { } silos, Agents: { } agents, NotBefore: { } notBefore, AtLatest: { } atLatest }
            ? new JwtAuthorityWaiting(notBefore, atLatest, silos.Count, [.. silos.Names], agents.Count, [.. agents.Names], list.Trouble) : null);
}

/// <summary>One key. <paramref name="Reason"/>: why it was tainted, or why its successor was ordered.</summary>
internal sealed record JwtAuthorityItem(
    string KeyId, string Algorithm, AuthorityState State, DateTimeOffset CreatedAt, DateTimeOffset NotAfter, long SecondsLeft, DateTimeOffset? PublishedAt,
    long BundleNumber, DateTimeOffset? HighestExpiry, string? Reason, string? Actor);

/// <summary>
/// What the prepared key waits for: its lead until <paramref name="NotBefore"/>, and whoever does not hold the bundle with it; after
/// <paramref name="AtLatest"/> it waits for nobody. The names are the first of each.
/// </summary>
internal sealed record JwtAuthorityWaiting(
    DateTimeOffset NotBefore, DateTimeOffset AtLatest, long Silos, IReadOnlyList<string> SilosMissing, long Agents, IReadOnlyList<string> AgentsMissing, string? Trouble);
