using Google.Protobuf;
using MeshGrains.Rpc.Reflection;
using MeshGrains.Rpc.ReflectionV1;
using MeshGrains.Rpc.Server;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Alpha = MeshGrains.Rpc.ReflectionV1Alpha;

namespace MeshGrains.Rpc;

/// <summary>Serves gRPC reflection, v1 and v1alpha, for every method that the host has mapped.</summary>
public static class RpcReflectionEndpoints
{
    private const int MaxRequestBytes = 4096;
    private const int MaxStreams = 100;

    /// <summary>
    /// A service is described by the file that declares its requests or responses; one whose messages all come from elsewhere is listed without a description.
    /// At most 100 streams are answered at once; more get RESOURCE_EXHAUSTED.
    /// </summary>
    public static void MapGrpcReflection(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        IServiceProvider services = endpoints.ServiceProvider;
        // At the first question, when everything is mapped.
        var served = new Lazy<ServedDescriptors>(() => new ServedDescriptors(services.GetRequiredService<EndpointDataSource>()));
        var places = new StreamPlaces(MaxStreams);
        var bounds = new RpcMethodOptions { MaxReceiveMessageBytes = MaxRequestBytes };
        endpoints.MapGrpcDuplex<ServerReflectionRequest, ServerReflectionResponse>(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            ServerReflectionRequest.Parser,
            async (requests, responses, _) =>
            {
                using IDisposable place = places.Take();
                await foreach (ServerReflectionRequest request in requests)
                {
                    await responses.WriteAsync(ReflectionAnswers.Answer(served.Value, request));
                }
            },
            bounds);
        endpoints.MapGrpcDuplex<Alpha.ServerReflectionRequest, Alpha.ServerReflectionResponse>(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            Alpha.ServerReflectionRequest.Parser,
            async (requests, responses, _) =>
            {
                using IDisposable place = places.Take();
                await foreach (Alpha.ServerReflectionRequest request in requests)
                {
                    // The two versions differ in nothing but the package's name.
                    ServerReflectionResponse answer = ReflectionAnswers.Answer(served.Value, ServerReflectionRequest.Parser.ParseFrom(request.ToByteString()));
                    await responses.WriteAsync(Alpha.ServerReflectionResponse.Parser.ParseFrom(answer.ToByteString()));
                }
            },
            bounds);
    }
}
