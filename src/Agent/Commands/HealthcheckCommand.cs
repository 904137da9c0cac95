using System.CommandLine;
using System.Text.Json.Nodes;
using MeshGrains.Agent.Health;
using MeshGrains.Cli;
using MeshGrains.Rpc;
using MeshGrains.Rpc.HealthV1;
using Serving = MeshGrains.Rpc.HealthV1.HealthCheckResponse.Types.ServingStatus;

namespace MeshGrains.Agent.Commands;

/// <summary><c>meshgrains-agent healthcheck</c>: 0 while the agent serves, for probes.</summary>
internal static class HealthcheckCommand
{
    private const string Method = "/grpc.health.v1.Health/Check";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var socket = new SocketOption();
        var shallow = new Option<bool>("--shallow", "-shallow") { Description = "Ask only whether the agent answers, not whether it has identities to give: for liveness." };
        var json = new Option<bool>("--json") { Description = "Print one JSON document: answers, serves, controlPlane." };
        var command = new TaughtCommand(
            "healthcheck",
            "Ask the agent on this node whether it serves; ends with 0 when it does. While the control plane is away the agent serves what it holds, and that is told.",
            "healthcheck", "healthcheck --shallow", "healthcheck --json")
        {
            shallow, json,
        };
        socket.AddTo(command);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var (answers, serves, linked, trouble) = await AskAsync(socket, arguments, cancellationToken);
            var output = arguments.InvocationConfiguration.Output;
            if (arguments.GetValue(json))
            {
                await output.WriteLineAsync(new JsonObject { ["answers"] = answers, ["serves"] = serves, ["controlPlane"] = linked }.ToJsonString());
            }
            else if (answers)
            {
                await output.WriteLineAsync(serves ? "The agent serves." : "The agent answers and does not serve yet: it has not heard from the control plane, or no certificate is left.");
                await output.WriteLineAsync(linked ? "The control plane is connected." : "The control plane is not connected; /readyz and the log tell why.");
            }
            else
            {
                await arguments.InvocationConfiguration.Error.WriteLineAsync($"The agent is not reached: {trouble}");
            }

            return serves || (answers && arguments.GetValue(shallow)) ? 0 : AgentCommand.Failed;
        });
        return command;
    }

    private static async Task<(bool Answers, bool Serves, bool Linked, string Trouble)> AskAsync(
        SocketOption socket, ParseResult arguments, CancellationToken cancellationToken)
    {
        try
        {
            using var channel = socket.Open(arguments);
            var serves = await AskAsync(channel, RpcHealth.Server, cancellationToken);
            return (true, serves, await AskAsync(channel, HealthReporter.ControlPlane, cancellationToken), "");
        }
        catch (RpcException failure)
        {
            return (false, false, false, failure.Detail);
        }
    }

    private static async Task<bool> AskAsync(RpcChannel channel, string service, CancellationToken cancellationToken)
    {
        var answer = await channel.UnaryAsync(
            Method, new HealthCheckRequest { Service = service }, HealthCheckResponse.Parser, new RpcCallOptions { Timeout = Patience }, cancellationToken);
        return answer.Status == Serving.Serving;
    }
}
