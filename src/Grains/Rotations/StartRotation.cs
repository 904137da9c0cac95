namespace MeshGrains.Grains;

/// <summary>Begins a root's rotation. <paramref name="RootKeyAlgorithm"/> and <paramref name="RootTtlSeconds"/> are the next root's.</summary>
[GenerateSerializer, Immutable, Alias("mg.StartRotation")]
public sealed record StartRotation(
    [property: Id(0)] string OperationId,
    [property: Id(1)] string RootKeyAlgorithm,
    [property: Id(2)] long RootTtlSeconds,
    [property: Id(3)] bool NameConstraints,
    [property: Id(4)] bool Compromised,
    [property: Id(5)] int ReissueOverSeconds,
    [property: Id(6)] string Reason,
    [property: Id(7)] string Actor);
