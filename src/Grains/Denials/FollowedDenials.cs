using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>What the home cluster denies in all clusters of the trust domain, as of <paramref name="Number"/> of its denial set.</summary>
[GenerateSerializer, Immutable, Alias("mg.FollowedDenials")]
public sealed record FollowedDenials(
    [property: Id(0)] string Home,
    [property: Id(1)] long Number,
    [property: Id(2)] ImmutableArray<Denial> Denials)
{
    /// <summary>Registrations are each cluster's own, and so are their deletions.</summary>
    public static bool Concerns(DenialKind kind) => kind is DenialKind.QuarantinedIdentity or DenialKind.BannedAgent or DenialKind.TaintedAuthority;

    public static FollowedDenials Of(string home, DenialSet set) => new(home, set.Number, [.. set.Denials.Where(denial => Concerns(denial.Kind))]);
}
