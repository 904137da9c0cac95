using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Gateway.Serving;
using MeshGrains.Identity;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Relay;

/// <summary>TLS 1.3 of relay links, on both ends: bootstrap certificates, judged by <see cref="RelayPeerCheck"/> and nothing else.</summary>
internal sealed class RelayTls(IRelayCredentials credentials, RelayPeerCheck peers, TimeProvider time, ILogger<RelayTls> logger)
{
    private const int RefusalLinesPerSecond = 20;

    private const string ServerName = "silo.relay.meshgrains.internal";

    private readonly LineBudget _lines = new(time, RefusalLinesPerSecond);

    /// <summary>Kestrel's callback at each handshake.</summary>
    public ValueTask<SslServerAuthenticationOptions> OnConnection(TlsHandshakeCallbackContext context)
    {
        var connection = context.Connection;
        var own = credentials.Current;
        return ValueTask.FromResult(LinkTls.Server(own, (_, leaf, chain, _) => Accept(connection, own, leaf, chain)));
    }

    /// <summary>For a link to a silo.</summary>
    public SslClientAuthenticationOptions ClientOptions(RelayIdentity own) => LinkTls.Client(own, ServerName, (_, leaf, chain, _) =>
    {
        var (peer, error) = peers.Server(leaf, chain);
        if (peer is null)
        {
            Refused("a silo", "its address", error!);
        }

        return peer is not null;
    });

    private bool Accept(BaseConnectionContext connection, RelayIdentity own, X509Certificate? leaf, X509Chain? chain)
    {
        var (peer, error) = peers.Client(leaf, chain);
        if (peer is null || connection.Features.Get<ConnectionOrigin>() is not { } origin)
        {
            Refused("a relay", connection.RemoteEndPoint?.ToString() ?? "unknown", error ?? "the listener is none of ours");
            return false;
        }

        // Whichever certificate ends first takes the connection with it.
        origin.RelayPeer = peer with { Until = peer.Until < own.NotAfter ? peer.Until : own.NotAfter };
        return true;
    }

    private void Refused(string what, string remote, string reason)
    {
        if (_lines.MayTell(out var suppressed))
        {
            RelayLog.PeerRefused(logger, what, remote, reason, suppressed);
        }
    }
}
