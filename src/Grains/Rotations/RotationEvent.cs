namespace MeshGrains.Grains;

/// <summary>One line of a rotation's history. <paramref name="Detail"/> tells who and what was passed by where a gate was.</summary>
[GenerateSerializer, Immutable, Alias("mg.RotationEvent")]
public sealed record RotationEvent(
    [property: Id(0)] DateTimeOffset At,
    [property: Id(1)] RotationEventKind Kind,
    [property: Id(2)] RotationPhase Phase,
    [property: Id(3)] string Actor,
    [property: Id(4)] string Detail);
