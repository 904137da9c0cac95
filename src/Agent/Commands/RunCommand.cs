using System.CommandLine;
using System.Net.Sockets;
using MeshGrains.Agent.Hosting;
using MeshGrains.Cli;

namespace MeshGrains.Agent.Commands;

/// <summary><c>meshgrains-agent run</c> and <c>check-config</c>.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var configuration = new ConfigurationArguments();
        var command = new TaughtCommand(
            "run", "Attest this node and serve its workloads. Ctrl-C or SIGTERM stops it cleanly: streams are told UNAVAILABLE, the socket goes.",
            "run --config /etc/meshgrains/agent.yaml",
            "run --trust-domain mesh.local --server https://localhost:8443 --bundle .mesh/bundle.pem --join-token-file token --socket /tmp/agent/api.sock");
        configuration.AddTo(command);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            try
            {
                await using var agent = AgentApplication.Build(configuration.Load(arguments));
                await agent.RunAsync(arguments.InvocationConfiguration.Output, cancellationToken);
                return 0;
            }
            catch (ConfigurationException wrong)
            {
                return AgentCommand.Tell(arguments, wrong.Errors);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or SocketException)
            {
                await arguments.InvocationConfiguration.Error.WriteLineAsync($"The agent cannot start: {failure.Message}");
                return AgentCommand.Failed;
            }
        });
        return command;
    }

    public static Command CreateCheck()
    {
        var configuration = new ConfigurationArguments();
        var command = new TaughtCommand(
            "check-config", "Read and validate the configuration as 'run' would, and start nothing. Ends with 2 and every error when it cannot work.",
            "check-config --config /etc/meshgrains/agent.yaml");
        configuration.AddTo(command);
        command.SetAction(arguments =>
        {
            try
            {
                AgentConfigurationCheck.Bind(configuration.Load(arguments));
                arguments.InvocationConfiguration.Output.WriteLine("The configuration is valid.");
                return 0;
            }
            catch (ConfigurationException wrong)
            {
                return AgentCommand.Tell(arguments, wrong.Errors);
            }
        });
        return command;
    }
}
