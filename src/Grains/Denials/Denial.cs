namespace MeshGrains.Grains;

/// <summary>One member of a trust domain's denial set. <paramref name="Number"/> is the set's number from which it holds.</summary>
[GenerateSerializer, Immutable, Alias("mg.Denial")]
public sealed record Denial(
    [property: Id(0)] DenialKind Kind,
    [property: Id(1)] string Subject,
    [property: Id(2)] long Number,
    [property: Id(3)] string Reason,
    [property: Id(4)] string Actor,
    [property: Id(5)] DateTimeOffset Since,
    [property: Id(6)] string OperationId);
