namespace MeshGrains.Bench;

/// <summary>One line of a rotation's history.</summary>
internal sealed record RotationMove(DateTimeOffset At, string Event, string Phase);
