using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Agent.WorkloadApi;

/// <summary>Maps <c>/SpiffeWorkloadAPI/*</c>.</summary>
internal static class WorkloadApiEndpoints
{
    private const string Service = "/SpiffeWorkloadAPI/";
    private const int MaxRequestBytes = 64 * 1024;

    /// <summary>A workload may have hundreds of identities; clients take 4 MB unless told otherwise.</summary>
    private const int MaxResponseBytes = 16 * 1024 * 1024;

    public static void Map(IEndpointRouteBuilder endpoints, X509Handlers x509, JwtHandlers jwt)
    {
        var bounds = new RpcMethodOptions { MaxReceiveMessageBytes = MaxRequestBytes, MaxSendMessageBytes = MaxResponseBytes };
        endpoints.MapGrpcServerStreaming<X509SVIDRequest, X509SVIDResponse>(Service + "FetchX509SVID", X509SVIDRequest.Parser, x509.FetchSvidAsync, bounds);
        endpoints.MapGrpcServerStreaming<X509BundlesRequest, X509BundlesResponse>(
            Service + "FetchX509Bundles", X509BundlesRequest.Parser, x509.FetchBundlesAsync, bounds);
        endpoints.MapGrpcUnary<JWTSVIDRequest, JWTSVIDResponse>(Service + "FetchJWTSVID", JWTSVIDRequest.Parser, jwt.FetchSvidAsync, bounds);
        endpoints.MapGrpcServerStreaming<JWTBundlesRequest, JWTBundlesResponse>(
            Service + "FetchJWTBundles", JWTBundlesRequest.Parser, jwt.FetchBundlesAsync, bounds);
        endpoints.MapGrpcUnary<ValidateJWTSVIDRequest, ValidateJWTSVIDResponse>(
            Service + "ValidateJWTSVID", ValidateJWTSVIDRequest.Parser, jwt.ValidateAsync, bounds);
    }
}
