using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary>A command whose help ends with examples to copy.</summary>
internal sealed class TaughtCommand(string name, string description, params IReadOnlyList<string> examples) : Command(name, description)
{
    /// <summary>Each is the arguments after the program's name.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;
}
