using System.Net;
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
internal sealed class EndpointGuard(
    RequestDelegate next, IRandomSource random, OperatorAuthorizer operators, IAdmission admission, IFailurePenalty penalty, GatewayRefusalMetrics metrics,
    RefusalLog refusals, ILogger<EndpointGuard> logger)
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

        return access.IsOpen ? WithProblemsAsync(http) : AdministerAsync(http, access, listener);
    }

    /// <summary>Administration from afar passes the limits of its address, as issuance does; the local operator's socket is outside them.</summary>
    private async Task AdministerAsync(HttpContext http, Access access, ListenerKinds listener)
    {
        if (listener != ListenerKinds.Mesh)
        {
            await AuthorizeAsync(http, access, remote: null);
            return;
        }

        var remote = new CallCredentials
        {
            ClientChain = ConnectionOrigin.Of(http)?.ClientChain,
            RemoteAddress = http.Connection.RemoteIpAddress ?? IPAddress.Loopback,
        };
        var hint = remote.ClientChain is null ? AdmissionClass.Newcomer : AdmissionClass.Renewal;
        using var lease = admission.TryEnter(remote.RemoteAddress, hint, out var refusal);
        if (lease is not null && remote.ClientChain is { } holder && penalty.Check(holder) is { } tooMany)
        {
            metrics.Limit(tooMany.Reason);
            refusal = tooMany;
        }

        if (refusal is not null)
        {
            refusals.Tell("rest", http, operators.NameOf(http), refusal);
            await ProblemWriter.WriteAsync(http, refusal);
            return;
        }

        await AuthorizeAsync(http, access, remote);
    }

    private async Task AuthorizeAsync(HttpContext http, Access access, CallCredentials? remote)
    {
        if (operators.Authorize(http, access.Roles) is not { } refusal)
        {
            await WithProblemsAsync(http);
            return;
        }

        metrics.Authentication(refusal.Reason);
        if (remote is not null && (refusal.Code is RefusalCode.Unauthenticated or RefusalCode.PermissionDenied))
        {
            penalty.Failed(remote);
        }

        operators.LogRefusal(http, refusal);
        await ProblemWriter.WriteAsync(http, refusal);
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
