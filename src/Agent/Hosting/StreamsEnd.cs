using MeshGrains.Rpc;
using Microsoft.Extensions.Hosting;

namespace MeshGrains.Agent.Hosting;

/// <summary>Standing streams end when the agent stops, and their clients are told to come again.</summary>
internal sealed class StreamsEnd(IHostApplicationLifetime lifetime)
{
    /// <summary>Serves until the client goes, its deadline passes, or the agent stops.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the agent stops.</exception>
    public async Task GuardAsync(RpcServerContext context, Func<CancellationToken, Task> serve)
    {
        var client = context.CancellationToken;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(client, lifetime.ApplicationStopping);
        try
        {
            await serve(ending.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested && !client.IsCancellationRequested)
        {
            throw new RpcException(RpcStatusCode.Unavailable, "The agent is stopping; connect again.");
        }
    }
}
