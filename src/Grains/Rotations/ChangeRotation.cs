namespace MeshGrains.Grains;

/// <summary>An operator's word to the rotation that is under way. <paramref name="RotationId"/> may be empty: whichever it is.</summary>
[GenerateSerializer, Immutable, Alias("mg.ChangeRotation")]
public sealed record ChangeRotation(
    [property: Id(0)] string OperationId,
    [property: Id(1)] string RotationId,
    [property: Id(2)] RotationChange Change,
    [property: Id(3)] string Reason,
    [property: Id(4)] string Actor);
