using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// What was found out for one phase of one rotation; it says nothing about another.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.RotationFacts")]
public sealed record RotationFacts(
    [property: Id(0)] string RotationId,
    [property: Id(1)] RotationPhase Phase,
    [property: Id(2)] long Number,
    [property: Id(3)] ImmutableArray<ClusterRotationFacts> Clusters);
