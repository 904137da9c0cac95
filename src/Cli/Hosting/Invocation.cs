using System.CommandLine;

namespace MeshGrains.Cli;

/// <summary>One run of a command: its arguments, the world and the way to answer.</summary>
internal sealed record Invocation(ParseResult Arguments, CliHost Host, Printer Printer)
{
    public T? Get<T>(Option<T> option) => Arguments.GetValue(option);

    public T? Get<T>(Argument<T> argument) => Arguments.GetValue(argument);
}
