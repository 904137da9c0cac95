using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// A cluster's JWT authorities, oldest first, and what a prepared one waits for: silos and agents that do not hold the bundle with it,
/// <paramref name="NotBefore"/>, the end of its lead, and <paramref name="AtLatest"/>, when it signs whoever lags. All null while none is prepared.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.JwtAuthorityList")]
public sealed record JwtAuthorityList(
    [property: Id(0)] ImmutableArray<JwtAuthorityInfo> Keys,
    [property: Id(1)] Shortfall? Silos,
    [property: Id(2)] Shortfall? Agents,
    [property: Id(3)] DateTimeOffset? NotBefore,
    [property: Id(4)] DateTimeOffset? AtLatest,
    [property: Id(5)] string? Trouble);
