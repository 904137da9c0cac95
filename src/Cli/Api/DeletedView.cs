namespace MeshGrains.Cli;

/// <summary>What a deletion answers to programs.</summary>
internal sealed record DeletedView(string Deleted);
