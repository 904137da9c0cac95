using System.CommandLine;
using MeshGrains.Rpc;
using MeshGrains.Rpc.HealthV1;

namespace MeshGrains.Agent.Commands;

/// <summary><c>meshgrains-agent healthcheck</c>: 0 while the agent serves, for probes.</summary>
internal static class HealthcheckCommand
{
    public static Command Create()
    {
        var socket = new SocketOption();
        var command = new Command("healthcheck", "Ask the agent on this node whether it serves; ends with 0 when it does.");
        socket.AddTo(command);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            using var channel = socket.Open(arguments);
            try
            {
                var answer = await channel.UnaryAsync(
                    "/grpc.health.v1.Health/Check", new HealthCheckRequest(), HealthCheckResponse.Parser, new RpcCallOptions { Timeout = TimeSpan.FromSeconds(5) }, cancellationToken);
                var serves = answer.Status == HealthCheckResponse.Types.ServingStatus.Serving;
                await Console.Out.WriteLineAsync(serves ? "The agent serves." : "The agent does not serve yet.");
                return serves ? 0 : 1;
            }
            catch (RpcException failure)
            {
                await Console.Error.WriteLineAsync($"The agent is not reached: {failure.Detail}");
                return 1;
            }
        });
        return command;
    }
}
