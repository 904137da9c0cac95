using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary>The <c>--output</c> of every command.</summary>
internal static class OutputOption
{
    public static Option<OutputFormat> Instance { get; } = Create();

    private static Option<OutputFormat> Create()
    {
        var option = new Option<OutputFormat>("--output", "-o")
        {
            Description = "text for people, json for scripts.",
            HelpName = "text|json",
            Recursive = true,
            CustomParser = result => result.Tokens is [{ Value: "json" }] ? OutputFormat.Json : OutputFormat.Text,
            DefaultValueFactory = _ => OutputFormat.Text,
        };
        option.AcceptOnlyFromAmong("text", "json");
        return option;
    }
}
