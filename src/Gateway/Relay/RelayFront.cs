using System.Net;
using MeshGrains.Gateway.Istio;
using MeshGrains.Gateway.Rest;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Relay;

/// <summary>
/// The whole of a gateway that runs alone: its limits come first, then every call on the mesh listener goes to a silo, but for the gateway's own
/// <c>/livez</c> and <c>/readyz</c>.
/// </summary>
internal sealed class RelayFront(
    RequestDelegate next, UnaryRelay issuances, StreamRelay streams, IAdmission admission, RefusalLog refusals, IRandomSource random,
    Microsoft.Extensions.Options.IOptions<RelayOptions> options, ILogger<RelayFront> logger)
{
    private static readonly Refusal ChainTooLarge = new(
        RefusalCode.InvalidArgument, "client_chain_too_large",
        $"The connection's client certificates are more than a relay hands on: at most {RelayFacts.MaxCertificates}, and {RelayFacts.MaxChainBytes} bytes in all.");

    private static readonly Refusal NoSuchEndpoint = new(RefusalCode.NotFound, "no_such_endpoint", "There is nothing here.");

    public async Task InvokeAsync(HttpContext http)
    {
        var id = RequestId.Assign(http, random);
        var origin = ConnectionOrigin.Of(http);
        if (origin?.Listener != ListenerKinds.Mesh || http.Request.Path.Value is "/livez" or "/readyz")
        {
            await (http.GetEndpoint() is null ? ProblemWriter.WriteAsync(http, NoSuchEndpoint) : next(http));
            return;
        }

        var address = http.Connection.RemoteIpAddress ?? IPAddress.Loopback;
        var facts = new RelayFacts(address, origin.ClientCertificates, id);
        if (!facts.Fits)
        {
            await RefuseAsync(http, address, ChainTooLarge);
            return;
        }

        if (HttpMethods.IsConnect(http.Request.Method) || HttpMethods.IsTrace(http.Request.Method))
        {
            await ProblemWriter.WriteStatusAsync(http, StatusCodes.Status405MethodNotAllowed);
            return;
        }

        // The silo counts the address again. Here a flood is stopped before it costs a link anything.
        using var lease = admission.TryEnter(address, origin.ClientChain is null ? AdmissionClass.Newcomer : AdmissionClass.Renewal, out var refusal);
        if (lease is null)
        {
            await RefuseAsync(http, address, refusal!);
            return;
        }

        try
        {
            if (IsIssuance(http))
            {
                await issuances.RelayAsync(http, facts, options.Value.MaxAttempts);
            }
            else
            {
                if (GrpcUnimplemented.IsCall(http))
                {
                    // A stream may stand for hours: it is counted among the streams, not among the calls of the moment.
                    lease.Dispose();
                }

                await streams.RelayAsync(http, facts);
            }
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be answered.
        }
        catch (Exception failure) when (!http.Response.HasStarted)
        {
            if (failure is BadHttpRequestException bad)
            {
                await ProblemWriter.WriteStatusAsync(http, bad.StatusCode);
                return;
            }

            RelayLog.RelayFailed(logger, failure, id, http.Request.Method, http.Request.Path);
            await RelayAnswer.RefuseAsync(http, RefusalMap.Unforeseen);
        }
    }

    internal static bool IsIssuance(HttpContext http) =>
        HttpMethods.IsPost(http.Request.Method) && http.Request.Path.Value is CreateCertificateHandler.Path or SvidEndpoints.Path;

    private Task RefuseAsync(HttpContext http, IPAddress address, Refusal refusal)
    {
        refusals.Tell("relay", http, address.ToString(), refusal);
        return RelayAnswer.RefuseAsync(http, refusal);
    }
}
