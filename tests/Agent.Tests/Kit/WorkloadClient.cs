using MeshGrains.Agent.Workloads;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;

namespace MeshGrains.Agent.Tests.Kit;

/// <summary>This process as a workload; each call comes over a connection of its own.</summary>
internal static class WorkloadClient
{
    /// <summary>The SPIFFE IDs that this process gets, as soon as it gets any.</summary>
    public static async Task<IReadOnlyList<string>> FetchAsync(string socket)
    {
        IReadOnlyList<string> ids = [];
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    ids = await FetchOnceAsync(socket);
                    return true;
                }
                catch (RpcException early) when (early.StatusCode is RpcStatusCode.Unavailable or RpcStatusCode.PermissionDenied)
                {
                    return false;
                }
            },
            "there is an identity");
        return ids;
    }

    /// <summary>Null when it gets an SVID.</summary>
    public static async Task<RpcStatusCode?> RefusalAsync(string socket)
    {
        try
        {
            await FetchOnceAsync(socket);
            return null;
        }
        catch (RpcException refused)
        {
            return refused.StatusCode;
        }
    }

    /// <summary>The SPIFFE IDs that this process gets JWT-SVIDs for.</summary>
    /// <exception cref="RpcException">The agent gives none.</exception>
    public static async Task<IReadOnlyList<string>> TokensAsync(string socket, string audience)
    {
        using var channel = new RpcChannel(new Uri("http://localhost"), new RpcChannelOptions { UnixSocketPath = socket });
        var response = await channel.UnaryAsync(
            "/SpiffeWorkloadAPI/FetchJWTSVID", new JWTSVIDRequest { Audience = { audience } }, JWTSVIDResponse.Parser,
            new RpcCallOptions { Headers = new RpcMetadata { { CallerSource.SecurityHeader, "true" } } }, CancellationToken.None);
        return [.. response.Svids.Select(svid => svid.SpiffeId)];
    }

    /// <exception cref="RpcException">The agent gives none.</exception>
    public static async Task<IReadOnlyList<string>> FetchOnceAsync(string socket)
    {
        using var channel = new RpcChannel(new Uri("http://localhost"), new RpcChannelOptions { UnixSocketPath = socket });
        using var call = channel.ServerStreaming(
            "/SpiffeWorkloadAPI/FetchX509SVID", new X509SVIDRequest(), X509SVIDResponse.Parser,
            new RpcCallOptions { Headers = new RpcMetadata { { CallerSource.SecurityHeader, "true" } } }, CancellationToken.None);
        return [.. (await call.ReadAsync())!.Svids.Select(svid => svid.SpiffeId)];
    }
}
