namespace MeshGrains.Cli;

/// <summary>Begins a rotation.</summary>
internal sealed record StartRotationBody(string Reason, bool Compromised, int? ReissueOverSeconds);

/// <summary>A word to the rotation under way; <paramref name="RotationId"/> may be null: whichever it is.</summary>
internal sealed record ChangeRotationBody(string Reason, string? RotationId);
