using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary>The <c>--reason</c> of what is dangerous.</summary>
internal static class ReasonOption
{
    public static Option<string> Create() => new("--reason") { Description = "Why; recorded with your name.", HelpName = "TEXT", Required = true };
}
