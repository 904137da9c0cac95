using MeshGrains.Grains;

namespace MeshGrains.Gateway.Federation;

/// <summary>
/// A relationship. <paramref name="FailureReason"/> stands while the last fetch was not good; what is trusted is then the last good bundle all the same.
/// </summary>
internal sealed record FederationItem(
    string TrustDomain, string Url, string Profile, string? EndpointSpiffeId, bool Configured, DateTimeOffset CreatedAt, long Number, ulong? Sequence,
    int? RefreshHintSeconds, IReadOnlyList<FederationRootItem> Roots, int JwtKeys, IReadOnlyList<string> LeftOut, DateTimeOffset? ChangedAt,
    DateTimeOffset? LastSuccessAt, DateTimeOffset? NextAt, DateTimeOffset? LastFailureAt, string? FailureReason, string? Failure, int Failures)
{
    public static FederationItem Of(FederationView view) => new(
        view.TrustDomain, view.Url, view.Profile, view.EndpointSpiffeId, view.Configured, view.CreatedAt, view.Number, view.Sequence, view.RefreshHintSeconds,
        [.. view.Roots.Select(root => new FederationRootItem(root.AuthorityId, root.NotBefore, root.NotAfter))], view.JwtKeys, [.. view.LeftOut], view.ChangedAt,
        view.LastSuccessAt, view.NextAt, view.LastFailureAt, view.FailureReason, view.Failure, view.Failures);
}

/// <summary>A foreign X.509 authority that is trusted.</summary>
internal sealed record FederationRootItem(string AuthorityId, DateTimeOffset NotBefore, DateTimeOffset NotAfter);

/// <summary>All relationships, by trust domain.</summary>
internal sealed record FederationPage(IReadOnlyList<FederationItem> Relationships);
