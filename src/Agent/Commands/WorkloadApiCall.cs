using System.CommandLine;
using MeshGrains.Agent.Workloads;
using MeshGrains.Rpc;

namespace MeshGrains.Agent.Commands;

/// <summary>What every <c>api</c> command does around its call: the channel, the security header, the time that it may take, and what is said when it fails.</summary>
internal sealed class WorkloadApiCall
{
    private readonly SocketOption _socket = new();

    public void AddTo(Command command) => _socket.AddTo(command);

    /// <summary>0 when the call is done, or ended by Ctrl-C; else 1, and the reason on stderr.</summary>
    public async Task<int> RunAsync(
        ParseResult arguments, TimeSpan? timeout, Func<RpcChannel, RpcCallOptions, Task> call, CancellationToken cancellationToken)
    {
        using var channel = _socket.Open(arguments);
        try
        {
            await call(channel, new RpcCallOptions { Headers = new RpcMetadata { { CallerSource.SecurityHeader, "true" } }, Timeout = timeout });
            return 0;
        }
        catch (RpcException failure)
        {
            var error = arguments.InvocationConfiguration.Error;
            await error.WriteLineAsync($"{failure.StatusCode}: {failure.Detail}");
            await error.WriteLineAsync(HintOf(failure.StatusCode));
            return AgentCommand.Failed;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            await arguments.InvocationConfiguration.Error.WriteLineAsync(failure.Message);
            return AgentCommand.Failed;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 0;
        }
    }

    private static string HintOf(RpcStatusCode code) => code switch
    {
        RpcStatusCode.PermissionDenied => "No registration entry of this node's agent fits this process; 'meshctl entry list' shows them, the agent's log what it saw of the process.",
        RpcStatusCode.Unavailable => "Either no agent listens there, or it has nothing yet: 'meshgrains-agent healthcheck' tells which.",
        RpcStatusCode.InvalidArgument => "The agent refuses what it was given; the reason stands above.",
        RpcStatusCode.DeadlineExceeded => "--timeout gives it more time.",
        _ => "The agent's log tells more.",
    };
}
