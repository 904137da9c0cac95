using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using MeshGrains.Cli;

namespace MeshGrains.Agent.Commands;

/// <summary>The command line of <c>meshgrains-agent</c>.</summary>
internal static class AgentCommand
{
    /// <summary>Exit code of a call that was refused, of an agent that does not serve, of whatever else failed.</summary>
    public const int Failed = 1;

    /// <summary>Exit code for a configuration or a command line that cannot work: trying again does not mend it.</summary>
    public const int BadConfiguration = 2;

    private const string Name = "meshgrains-agent";

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var parsed = Create().Parse(arguments);
        if (parsed.Action is ParseErrorAction wrong)
        {
            // The errors and where help is; the whole help would bury them.
            (wrong.ShowHelp, wrong.ShowTypoCorrections) = (false, true);
            await parsed.InvokeAsync(new InvocationConfiguration { Output = error, Error = error }, cancellationToken);
            await error.WriteLineAsync($"'{Name} --help' tells more.");
            return BadConfiguration;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = error }, cancellationToken);
    }

    public static RootCommand Create()
    {
        var root = new RootCommand(
            "MeshGrains' node agent: gives the processes of this node their identities and keeps them fresh. Commands end with 0 when all is well, "
            + "1 when something failed or was refused, 2 when the configuration or the command line cannot work.")
        {
            RunCommand.Create(),
            RunCommand.CreateCheck(),
            HealthcheckCommand.Create(),
            ApiCommands.Create(),
        };
        foreach (var help in root.Options.OfType<HelpOption>())
        {
            help.Action = new TeachingHelp((HelpAction)help.Action!, Name);
        }

        return root;
    }

    /// <summary>Says on stderr what is wrong with the configuration.</summary>
    public static int Tell(ParseResult arguments, IEnumerable<string> errors)
    {
        var error = arguments.InvocationConfiguration.Error;
        error.WriteLine("The agent cannot start with this configuration:");
        foreach (var line in errors)
        {
            error.WriteLine($"  - {line}");
        }

        return BadConfiguration;
    }
}
