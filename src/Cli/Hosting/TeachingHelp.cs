using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace MeshGrains.Cli;

/// <summary>The usual help, followed by the command's examples.</summary>
internal sealed class TeachingHelp(HelpAction usual, string program) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var result = usual.Invoke(parseResult);
        if (parseResult.CommandResult.Command is TaughtCommand { Examples.Count: > 0 } command)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in command.Examples)
            {
                output.WriteLine($"  {program} {example}");
            }

            output.WriteLine();
        }

        return result;
    }
}
