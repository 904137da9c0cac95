using System.Net;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Relay;

/// <summary>
/// In a silo: while it has no issuing CA, an issuance is handed to a silo that has one, at most two in turn. A call that was handed on already is
/// answered here, whatever the answer is, so that silos without a CA never pass a call around.
/// </summary>
internal sealed class IssuerFallback(
    RequestDelegate next, IAdmission admission, RefusalLog refusals, OwnIssuer? own = null, SiloLinks? links = null, UnaryRelay? relay = null)
{
    private const int Attempts = 2;
    private static readonly TimeSpan TargetsAge = TimeSpan.FromSeconds(2);

    public Task InvokeAsync(HttpContext http) =>
        relay is null || links is null || own is not { IsThere: false } || http.GetEndpoint()?.Metadata.GetMetadata<RelayedWithoutIssuer>() is null
        || ConnectionOrigin.Of(http) is not { RelayedBy: null } origin
            ? next(http)
            : RelayAsync(http, origin);

    private async Task RelayAsync(HttpContext http, ConnectionOrigin origin)
    {
        if (links!.All.Count == 0)
        {
            // The probe's next round would find them; this call does not wait for it.
            await links.RefreshAsync(TargetsAge, http.RequestAborted);
        }

        var facts = new RelayFacts(http.Connection.RemoteIpAddress ?? IPAddress.Loopback, origin.ClientCertificates, RequestId.Of(http));
        if (links.All.Count == 0 || !facts.Fits)
        {
            await next(http);
            return;
        }

        var hint = origin.ClientChain is null ? AdmissionClass.Newcomer : AdmissionClass.Renewal;
        using var lease = admission.TryEnter(facts.Address, hint, out var refusal);
        if (lease is null)
        {
            refusals.Tell("relay", http, facts.Address.ToString(), refusal!);
            await RelayAnswer.RefuseAsync(http, refusal!);
            return;
        }

        await relay!.RelayAsync(http, facts, Attempts);
    }
}
