namespace MeshGrains.Cli;

/// <summary>A connection to the demo's backend: who it proved to be, by which certificate, or why it was refused.</summary>
internal sealed record DemoVisit(string? Peer, string? Serial, string? Refusal);
