using MeshGrains.Grains;

namespace MeshGrains.Gateway.Rest;

/// <summary>
/// Who is trusted here, and how far that has come: roots, issuing CAs, JWT keys, silos, agents and foreign trust domains. Parts that cannot be asked
/// right now are absent and <paramref name="Problems"/> says why. Ends are told as instants and as seconds left, which are negative once they are past.
/// </summary>
internal sealed record TrustView(
    string TrustDomain,
    string Cluster,
    DateTimeOffset Now,
    IReadOnlyList<string> Problems,
    TrustDomainItem? Domain,
    IReadOnlyList<TrustIssuingCaItem>? IssuingCas,
    IReadOnlyList<TrustSiloItem>? Silos,
    TrustAgentsItem? Agents,
    IReadOnlyList<TrustPeerItem>? Federated);

/// <summary>The trust domain itself: <paramref name="BundleNumber"/> is the <c>spiffe_sequence</c> that peers and agents see.</summary>
internal sealed record TrustDomainItem(
    long BundleNumber, int RefreshHintSeconds, TrustRotationItem? Rotation, IReadOnlyList<TrustRootItem> Roots, IReadOnlyList<TrustJwtKeyItem> JwtKeys);

/// <summary>The rotation under way, or the last one.</summary>
internal sealed record TrustRotationItem(string Id, RotationPhase Phase, DateTimeOffset PhaseSince, bool Paused, bool RolledBack)
{
    public static TrustRotationItem? Of(RotationView? view) =>
        view is null ? null : new(view.RotationId, view.Phase, view.PhaseSince, view.Paused, view.RolledBack);
}

internal sealed record TrustRootItem(string AuthorityId, AuthorityState State, DateTimeOffset NotBefore, DateTimeOffset NotAfter, long SecondsLeft, string KeyReference)
{
    public static TrustRootItem Of(AuthorityView view, DateTimeOffset now) =>
        new(view.AuthorityId, view.State, view.NotBefore, view.NotAfter, (long)(view.NotAfter - now).TotalSeconds, view.KeyReference);
}

/// <summary>A JWT key in the bundle; <paramref name="State"/> is known of this cluster's alone.</summary>
internal sealed record TrustJwtKeyItem(string KeyId, string Cluster, AuthorityState? State, DateTimeOffset NotAfter, long SecondsLeft)
{
    public static TrustJwtKeyItem Of(JwtAuthorityView view, JwtAuthorityList? own, DateTimeOffset now) => new(
        view.KeyId, view.Cluster, own?.Keys.FirstOrDefault(key => key.KeyId == view.KeyId)?.State, view.NotAfter, (long)(view.NotAfter - now).TotalSeconds);
}

/// <summary>
/// One issuing CA. With what it signs no bundle older than <paramref name="BundleNumber"/> is delivered; <paramref name="Live"/> counts unexpired leaves,
/// absent when the log does not answer.
/// </summary>
internal sealed record TrustIssuingCaItem(
    string AuthorityId, string RootAuthorityId, string Silo, IssuingCaState State, DateTimeOffset NotAfter, long SecondsLeft, long BundleNumber,
    DateTimeOffset? SealedAt, long? Live)
{
    public static TrustIssuingCaItem Of(IssuingCaView view, IReadOnlyDictionary<string, long>? live, DateTimeOffset now) => new(
        view.AuthorityId, view.RootAuthorityId, view.Silo, view.State, view.NotAfter, (long)(view.NotAfter - now).TotalSeconds, view.BundleNumber,
        view.SealedAt, live is null ? null : live.GetValueOrDefault(view.AuthorityId));
}

/// <summary>The bundle by which a silo does everything, and how many numbers it lags; absent while it has not said.</summary>
internal sealed record TrustSiloItem(string Silo, long? BundleNumber, long? Behind);

/// <summary>Agents whose SVID holds, and those of them that have a consumer with an older bundle.</summary>
internal sealed record TrustAgentsItem(long Live, long Behind);

/// <summary>A foreign trust domain; <paramref name="LagSeconds"/> since its bundle was last fetched well, absent while it never was.</summary>
internal sealed record TrustPeerItem(
    string TrustDomain, string Url, string Profile, ulong? Sequence, int? RefreshHintSeconds, IReadOnlyList<TrustPeerRootItem> Roots, int JwtKeys,
    DateTimeOffset? LastSuccessAt, long? LagSeconds, DateTimeOffset? NextAt, string? Failure)
{
    public static TrustPeerItem Of(FederationView view, DateTimeOffset now) => new(
        view.TrustDomain, view.Url, view.Profile, view.Sequence, view.RefreshHintSeconds,
        [.. view.Roots.Select(root => new TrustPeerRootItem(root.AuthorityId, root.NotAfter, (long)(root.NotAfter - now).TotalSeconds))], view.JwtKeys,
        view.LastSuccessAt, view.LastSuccessAt is { } last ? Math.Max(0, (long)(now - last).TotalSeconds) : null, view.NextAt, view.Failure);
}

internal sealed record TrustPeerRootItem(string AuthorityId, DateTimeOffset NotAfter, long SecondsLeft);
