using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Relay;

/// <summary>
/// Turns a call on the relay listener into the call that the relay took: from the client's address, with its certificate, under its id. From here on it
/// is treated as one on the mesh listener, but is never relayed again. A call without facts stays the peer's own. On every other listener the
/// facts' headers are taken off unread.
/// </summary>
internal sealed class RelayIntake(RequestDelegate next, RelayedClients clients, IClientTrust trust, RefusalLog refusals, IRandomSource random)
{
    private static readonly Refusal Malformed = new(
        RefusalCode.InvalidArgument, "relay_facts_malformed", "The relay's headers about the caller cannot be read; gateway and silo may be of versions that do not fit.");

    private static readonly Refusal NoBundle = new(
        RefusalCode.Unavailable, "bundle_unavailable", "This silo has no trust bundle yet to judge the client's certificate by.", RetryAfter: TimeSpan.FromSeconds(1));

    public Task InvokeAsync(HttpContext http)
    {
        if (ConnectionOrigin.Of(http) is not { Listener: ListenerKinds.Relay, RelayPeer: { } peer })
        {
            Strip(http);
            return next(http);
        }

        if (!RelayFacts.ArePresent(http))
        {
            Strip(http);
            return next(http);
        }

        if (!RelayFacts.TryTake(http, out var facts))
        {
            return RefuseAsync(http, Malformed);
        }

        Strip(http);
        http.Connection.RemoteIpAddress = facts.Address;
        http.Connection.RemotePort = 0;
        var origin = new ConnectionOrigin(ListenerKinds.Mesh) { RelayedBy = peer, RequestId = facts.RequestId };
        http.Features.Set(origin);
        if (facts.Certificates.Count == 0)
        {
            return next(http);
        }

        if (trust.Bundle is null)
        {
            return RefuseAsync(http, NoBundle);
        }

        var (client, error) = clients.Validate(facts.Certificates);
        if (client is null)
        {
            return RefuseAsync(http, new Refusal(
                RefusalCode.Unauthenticated, "client_certificate_refused", "The connection's client certificate does not hold; connect with a current one, or without.", error));
        }

        (origin.ClientChain, origin.ClientCertificates) = (client, facts.Certificates);
        return next(http);
    }

    private static void Strip(HttpContext http)
    {
        var headers = http.Request.Headers;
        foreach (var name in headers.Keys.Where(name => name.StartsWith(RelayFacts.Prefix, StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            headers.Remove(name);
        }
    }

    private Task RefuseAsync(HttpContext http, Refusal refusal)
    {
        RequestId.Assign(http, random);
        refusals.Tell("relay", http, http.Connection.RemoteIpAddress?.ToString() ?? "unknown", refusal);
        return RelayAnswer.RefuseAsync(http, refusal);
    }
}
