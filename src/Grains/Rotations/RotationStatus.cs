using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>A rotation and its present gates; no gates when none is under way or it is being made. <paramref name="EstimatedEnd"/> is of this phase.</summary>
[GenerateSerializer, Immutable, Alias("mg.RotationStatus")]
public sealed record RotationStatus(
    [property: Id(0)] RotationView? Rotation,
    [property: Id(1)] ImmutableArray<RotationGate> Gates,
    [property: Id(2)] DateTimeOffset? EstimatedEnd,
    [property: Id(3)] string? Trouble);
