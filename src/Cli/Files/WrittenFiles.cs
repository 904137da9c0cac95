namespace MeshGrains.Cli;

/// <summary>What a command that only writes files answers to programs.</summary>
internal sealed record WrittenFiles(IReadOnlyList<string> Files);
