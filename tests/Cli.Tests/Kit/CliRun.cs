using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

/// <summary>What a command left behind.</summary>
internal sealed record CliRun(int ExitCode, string Output, string Error)
{
    public JsonNode Json => JsonNode.Parse(Output)!;

    public override string ToString() => $"exit code {ExitCode}\n{Output}{Error}";
}
