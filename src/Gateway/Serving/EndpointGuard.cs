using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Rest;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Serving;

/// <summary>
/// Stands before every endpoint: gives the request its id, lets an endpoint answer only on its own listeners and only to whom its
/// <see cref="Access"/> names, and turns failures into problem documents.
/// </summary>
internal sealed class EndpointGuard(RequestDelegate next, IRandomSource random, OperatorAuthorizer operators, RefusalLog refusals, ILogger<EndpointGuard> logger)
{
    private static readonly Refusal NoSuchEndpoint = new(
        RefusalCode.NotFound, "no_such_endpoint", "There is nothing here; /openapi/v1.json on the gateway tells what there is.");

    public Task InvokeAsync(HttpContext http)
    {
        RequestId.Assign(http, random);
        var listener = ConnectionOrigin.Of(http)?.Listener ?? ListenerKinds.None;
        var endpoint = http.GetEndpoint();
        var access = endpoint?.Metadata.GetMetadata<Access>();
        if (access is null)
        {
            if (endpoint is null && listener == ListenerKinds.Mesh && GrpcUnimplemented.IsCall(http))
            {
                return GrpcUnimplemented.ReplyAsync(http);
            }

            // What routing itself answers (405, 415) keeps its status; an endpoint that nobody gave an access answers nobody.
            var fromRouting = endpoint is not (null or RouteEndpoint);
            return fromRouting && listener != ListenerKinds.None ? WithProblemsAsync(http) : ProblemWriter.WriteAsync(http, NoSuchEndpoint);
        }

        if ((access.Listeners & listener) == 0)
        {
            return ProblemWriter.WriteAsync(http, NoSuchEndpoint);
        }

        if (access.IsGrpc)
        {
            return next(http);
        }

        if (!access.IsOpen)
        {
            var refusal = operators.Authorize(http, access.Roles);
            if (refusal is not null)
            {
                operators.LogRefusal(http, refusal);
                return ProblemWriter.WriteAsync(http, refusal);
            }
        }

        return WithProblemsAsync(http);
    }

    private async Task WithProblemsAsync(HttpContext http)
    {
        try
        {
            await next(http);
            if (!http.Response.HasStarted && http.Response.StatusCode >= StatusCodes.Status400BadRequest)
            {
                await ProblemWriter.WriteStatusAsync(http, http.Response.StatusCode);
            }
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be answered.
        }
        catch (Exception e) when (!http.Response.HasStarted)
        {
            if (e is BadHttpRequestException bad)
            {
                await ProblemWriter.WriteStatusAsync(http, bad.StatusCode);
                return;
            }

            var refusal = RefusalMap.Of(e);
            if (refusal is null || refusal.Code == RefusalCode.Internal)
            {
                ServingLog.RequestFailed(logger, e, RequestId.Of(http), http.Request.Method, http.Request.Path);
            }
            else
            {
                refusals.Tell("rest", http, operators.NameOf(http), refusal);
            }

            await ProblemWriter.WriteAsync(http, refusal ?? RefusalMap.Unforeseen);
        }
    }
}
