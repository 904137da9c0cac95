using System.CommandLine;
using MeshGrains.Agent.Hosting;

namespace MeshGrains.Agent.Commands;

/// <summary><c>meshgrains-agent run</c> and <c>check-config</c>.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var configuration = new ConfigurationArguments();
        var command = new Command("run", "Attest this node and serve its workloads. Ctrl-C or SIGTERM stops it cleanly.");
        configuration.AddTo(command);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            try
            {
                await using var agent = AgentApplication.Build(configuration.Load(arguments));
                await agent.RunAsync(Console.Out, cancellationToken);
                return 0;
            }
            catch (ConfigurationException wrong)
            {
                return AgentCommand.Tell(wrong.Errors);
            }
            catch (IOException failure)
            {
                return AgentCommand.Tell([failure.Message]);
            }
        });
        return command;
    }

    public static Command CreateCheck()
    {
        var configuration = new ConfigurationArguments();
        var command = new Command("check-config", "Read and validate the configuration as 'run' would, and start nothing.");
        configuration.AddTo(command);
        command.SetAction(arguments =>
        {
            try
            {
                AgentConfigurationCheck.Bind(configuration.Load(arguments));
                Console.WriteLine("The configuration is valid.");
                return 0;
            }
            catch (ConfigurationException wrong)
            {
                return AgentCommand.Tell(wrong.Errors);
            }
        });
        return command;
    }
}
