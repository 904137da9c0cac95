using System.Globalization;
using MeshGrains.Rpc;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Serving;

/// <summary>
/// The answer to a gRPC call of a method that is not here. It stands in the guard, since a catch-all route would hide what routing says about
/// methods and media types of the REST paths.
/// </summary>
internal static class GrpcUnimplemented
{
    private const string ContentType = "application/grpc";

    public static bool IsCall(HttpContext http)
        => HttpMethods.IsPost(http.Request.Method)
            && http.Request.ContentType?.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase) == true;

    public static Task ReplyAsync(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.ContentType = ContentType;
        headers["grpc-status"] = ((int)RpcStatusCode.Unimplemented).ToString(CultureInfo.InvariantCulture);
        headers["grpc-message"] = "The method is not served here.";
        return Task.CompletedTask;
    }
}
