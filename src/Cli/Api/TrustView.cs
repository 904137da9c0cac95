namespace MeshGrains.Cli;

/// <summary>Who is trusted; parts that the control plane could not ask are null, and the problems say why.</summary>
internal sealed record TrustView(
    string TrustDomain,
    string Cluster,
    DateTimeOffset Now,
    IReadOnlyList<string>? Problems,
    TrustDomainItem? Domain,
    IReadOnlyList<TrustIssuingCaItem>? IssuingCas,
    IReadOnlyList<TrustSiloItem>? Silos,
    TrustAgentsItem? Agents,
    IReadOnlyList<TrustPeerItem>? Federated);

internal sealed record TrustDomainItem(
    long BundleNumber, int RefreshHintSeconds, TrustRotationItem? Rotation, IReadOnlyList<TrustRootItem>? Roots, IReadOnlyList<TrustJwtKeyItem>? JwtKeys);

internal sealed record TrustRotationItem(string Id, string Phase, DateTimeOffset PhaseSince, bool Paused, bool RolledBack);

internal sealed record TrustRootItem(string AuthorityId, string State, DateTimeOffset NotBefore, DateTimeOffset NotAfter, long SecondsLeft, string? KeyReference);

internal sealed record TrustJwtKeyItem(string KeyId, string Cluster, string? State, DateTimeOffset NotAfter, long SecondsLeft);

internal sealed record TrustIssuingCaItem(
    string AuthorityId, string RootAuthorityId, string Silo, string State, DateTimeOffset NotAfter, long SecondsLeft, long BundleNumber, DateTimeOffset? SealedAt, long? Live);

internal sealed record TrustSiloItem(string Silo, long? BundleNumber, long? Behind);

internal sealed record TrustAgentsItem(long Live, long Behind);

internal sealed record TrustPeerItem(
    string TrustDomain, string Url, string Profile, ulong? Sequence, int? RefreshHintSeconds, IReadOnlyList<TrustPeerRootItem>? Roots, int JwtKeys,
    DateTimeOffset? LastSuccessAt, long? LagSeconds, DateTimeOffset? NextAt, string? Failure);

internal sealed record TrustPeerRootItem(string AuthorityId, DateTimeOffset NotAfter, long SecondsLeft);
