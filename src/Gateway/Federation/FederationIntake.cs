using MeshGrains.Gateway.Rest;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Federation;

/// <summary>All that the federation listener answers: our bundle, at <c>/</c> and at <c>/v1/bundle</c>. Nothing else of the gateway is behind it.</summary>
internal sealed class FederationIntake(RequestDelegate next, BundleDocument bundle, IRandomSource random)
{
    private static readonly Refusal NoSuchEndpoint = new(RefusalCode.NotFound, "no_such_endpoint", "The trust bundle is at /.");

    private static readonly Refusal NotYet = new(
        RefusalCode.Unavailable, "bundle_unavailable", "There is no trust bundle yet; ask again shortly.", null, TimeSpan.FromSeconds(1));

    public Task InvokeAsync(HttpContext http)
    {
        if (ConnectionOrigin.Of(http)?.Listener != ListenerKinds.Federation)
        {
            return next(http);
        }

        RequestId.Assign(http, random);
        http.Response.Headers.Connection = "close";
        if (http.Request.Path.Value is not ("/" or "" or "/v1/bundle"))
        {
            return ProblemWriter.WriteAsync(http, NoSuchEndpoint);
        }

        if (!HttpMethods.IsGet(http.Request.Method))
        {
            http.Response.Headers.Allow = "GET";
            return ProblemWriter.WriteStatusAsync(http, StatusCodes.Status405MethodNotAllowed);
        }

        return bundle.Newest() is { } newest
            ? ConditionalAnswer.WriteAsync(http, "application/json", newest.Tag, newest.CacheControl, newest.Jwks)
            : ProblemWriter.WriteAsync(http, NotYet);
    }
}
