namespace MeshGrains.Grains;

/// <summary>An operator's order: this JWT authority leaves the bundle at once, and is followed by another as soon as silos hold that one.</summary>
[GenerateSerializer, Immutable, Alias("mg.TaintJwtAuthority")]
public sealed record TaintJwtAuthority(
    [property: Id(0)] string OperationId, [property: Id(1)] string KeyId, [property: Id(2)] string Reason, [property: Id(3)] string Actor);
