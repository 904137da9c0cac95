namespace MeshGrains.Grains;

/// <summary>
/// A JWT authority of a cluster as operators see it. <paramref name="BundleNumber"/>: the first bundle that it lay in; 0 while it is in none or that is not
/// known. <paramref name="HighestExpiry"/>: no token that it signed lives longer. <paramref name="Reason"/>: why it was tainted, or why its successor was ordered.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.JwtAuthorityInfo")]
public sealed record JwtAuthorityInfo(
    [property: Id(0)] string KeyId,
    [property: Id(1)] string Algorithm,
    [property: Id(2)] AuthorityState State,
    [property: Id(3)] DateTimeOffset CreatedAt,
    [property: Id(4)] DateTimeOffset NotAfter,
    [property: Id(5)] DateTimeOffset? PublishedAt,
    [property: Id(6)] long BundleNumber,
    [property: Id(7)] DateTimeOffset? HighestExpiry,
    [property: Id(8)] string? Reason,
    [property: Id(9)] string? Actor);
