namespace MeshGrains.Grains;

/// <summary>An operator's order: make a successor of the active JWT authority now. It signs when it may.</summary>
[GenerateSerializer, Immutable, Alias("mg.RotateJwtAuthority")]
public sealed record RotateJwtAuthority([property: Id(0)] string OperationId, [property: Id(1)] string Reason, [property: Id(2)] string Actor);
