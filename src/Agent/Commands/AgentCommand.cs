using System.CommandLine;

namespace MeshGrains.Agent.Commands;

/// <summary>The command line of <c>meshgrains-agent</c>.</summary>
internal static class AgentCommand
{
    /// <summary>Exit code for a configuration that cannot work.</summary>
    public const int BadConfiguration = 2;

    public static RootCommand Create() => new("MeshGrains' node agent: gives the processes of this node their identities and keeps them fresh.")
    {
        RunCommand.Create(),
        RunCommand.CreateCheck(),
        HealthcheckCommand.Create(),
        ApiCommands.Create(),
    };

    /// <summary>Says on stderr what is wrong with the configuration.</summary>
    public static int Tell(IEnumerable<string> errors)
    {
        Console.Error.WriteLine("The agent cannot start with this configuration:");
        foreach (var error in errors)
        {
            Console.Error.WriteLine($"  - {error}");
        }

        return BadConfiguration;
    }
}
