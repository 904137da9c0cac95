using MeshGrains.Rpc;
using MeshGrains.Rpc.Envoy.Discovery;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Agent.Sds;

internal static class SdsEndpoints
{
    private const string Service = "/envoy.service.secret.v3.SecretDiscoveryService/";

    public static void Map(IEndpointRouteBuilder endpoints, SdsHandlers handlers)
    {
        // A node's metadata may be long.
        var bounds = new RpcMethodOptions { MaxReceiveMessageBytes = 256 * 1024, MaxSendMessageBytes = 16 * 1024 * 1024 };
        endpoints.MapGrpcDuplex<DiscoveryRequest, DiscoveryResponse>(Service + "StreamSecrets", DiscoveryRequest.Parser, handlers.StreamAsync, bounds);
        endpoints.MapGrpcDuplex<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(Service + "DeltaSecrets", DeltaDiscoveryRequest.Parser, handlers.StreamDeltaAsync, bounds);
        endpoints.MapGrpcUnary<DiscoveryRequest, DiscoveryResponse>(Service + "FetchSecrets", DiscoveryRequest.Parser, handlers.FetchAsync, bounds);
    }
}
