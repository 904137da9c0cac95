using MeshGrains.Rpc.HealthV1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using ServingStatus = MeshGrains.Rpc.HealthV1.HealthCheckResponse.Types.ServingStatus;

namespace MeshGrains.Rpc;

/// <summary>Serves <c>grpc.health.v1.Health</c>.</summary>
public static class RpcHealthEndpoints
{
    private const int MaxRequestBytes = 4096;

    /// <summary>Maps Check and Watch. Check answers NOT_FOUND for a service that nobody has set; Watch answers SERVICE_UNKNOWN and goes on, and
    /// RESOURCE_EXHAUSTED past <see cref="RpcHealth.MaxWatchers"/>.</summary>
    public static void MapGrpcHealth(this IEndpointRouteBuilder endpoints, RpcHealth health)
    {
        ArgumentNullException.ThrowIfNull(health);
        var bounds = new RpcMethodOptions { MaxReceiveMessageBytes = MaxRequestBytes };
        endpoints.MapGrpcUnary("/grpc.health.v1.Health/Check", HealthCheckRequest.Parser, (request, _) => Check(health, request), bounds);
        endpoints.MapGrpcServerStreaming<HealthCheckRequest, HealthCheckResponse>(
            "/grpc.health.v1.Health/Watch", HealthCheckRequest.Parser, (request, responses, context) => WatchAsync(health, request, responses, context), bounds);
    }

    private static ValueTask<HealthCheckResponse> Check(RpcHealth health, HealthCheckRequest request) =>
        health.Get(request.Service) is { } status
            ? ValueTask.FromResult(new HealthCheckResponse { Status = OnWire(status) })
            : throw new RpcException(RpcStatusCode.NotFound, "The health of this service is not known here.");

    private static async Task WatchAsync(
        RpcHealth health, HealthCheckRequest request, RpcResponseWriter<HealthCheckResponse> responses, RpcServerContext context)
    {
        using IDisposable place = health.Watchers.Take();
        ServingStatus? sent = null;
        while (true)
        {
            (RpcServingStatus? status, Task changed) = health.Observe(request.Service);
            ServingStatus current = OnWire(status);
            if (sent != current)
            {
                await responses.WriteAsync(new HealthCheckResponse { Status = current });
                sent = current;
            }

            await changed.WaitAsync(context.CancellationToken);
        }
    }

    private static ServingStatus OnWire(RpcServingStatus? status) => status switch
    {
        RpcServingStatus.Serving => ServingStatus.Serving,
        RpcServingStatus.NotServing => ServingStatus.NotServing,
        _ => ServingStatus.ServiceUnknown,
    };
}
