namespace MeshGrains.Bench;

/// <summary>A relationship as the silo's operator sees it.</summary>
internal sealed record FederationSight(ulong? Sequence, int Failures, string? Reason);
