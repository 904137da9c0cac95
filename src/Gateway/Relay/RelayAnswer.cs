using MeshGrains.Gateway.Istio;
using MeshGrains.Gateway.Rest;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace MeshGrains.Gateway.Relay;

/// <summary>Refusals of the relay itself, in the form that the call asks for: a gRPC status or a problem document.</summary>
internal static class RelayAnswer
{
    public static Task RefuseAsync(HttpContext http, Refusal refusal)
    {
        if (!GrpcUnimplemented.IsCall(http))
        {
            return ProblemWriter.WriteAsync(http, refusal);
        }

        Status(http, IstioRefusal.Of(refusal, RequestId.Of(http)));
        return Task.CompletedTask;
    }

    public static Task RefuseTooLargeAsync(HttpContext http)
    {
        if (!GrpcUnimplemented.IsCall(http))
        {
            return ProblemWriter.WriteStatusAsync(http, StatusCodes.Status413PayloadTooLarge);
        }

        Status(http, new RpcException(RpcStatusCode.ResourceExhausted, $"The request is larger than the gateway takes (request {RequestId.Of(http)})"));
        return Task.CompletedTask;
    }

    /// <summary>A gRPC status: in the headers when nothing was sent yet, else in the trailers.</summary>
    public static void Status(HttpContext http, RpcException status)
    {
        var target = http.Response.HasStarted ? http.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers : http.Response.Headers;
        if (!http.Response.HasStarted)
        {
            http.Response.Headers.ContentType = GrpcContentType.Value;
        }

        target["grpc-status"] = ((int)status.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        target["grpc-message"] = GrpcMessage.Encode(status.Detail);
        foreach (var entry in status.Trailers)
        {
            target[entry.Key] = entry.Text ?? BinaryHeader.Encode(entry.Binary);
        }
    }
}
