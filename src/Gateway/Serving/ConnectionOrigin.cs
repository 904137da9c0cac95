using MeshGrains.Gateway.Relay;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Serving;

/// <summary>
/// A connection feature: which listener took it and what the other side proved while connecting. Set once per connection; for a relayed call, once per
/// call, to what it was where it was taken.
/// </summary>
internal sealed class ConnectionOrigin(ListenerKinds listener)
{
    public ListenerKinds Listener { get; } = listener;

    /// <summary>The validated client SVID; null without one.</summary>
    public ParsedClientChain? ClientChain { get; set; }

    /// <summary>What the client sent at its handshake, DER, leaf first: validated, or, at a gateway that runs alone, a silo's to judge.</summary>
    public IReadOnlyList<byte[]> ClientCertificates { get; set; } = [];

    /// <summary>When the connection ends with its client certificate; null without one.</summary>
    public DateTimeOffset? ClientEnd { get; set; }

    /// <summary>The other side of a relay link; null on every other listener.</summary>
    public RelayPeer? RelayPeer { get; set; }

    /// <summary>The member cluster at the other end; null on every listener but the authority's.</summary>
    public string? Cluster { get; set; }

    /// <summary>Who handed this call on; null when the client called by itself.</summary>
    public RelayPeer? RelayedBy { get; init; }

    /// <summary>The id that the relay gave the call.</summary>
    public string? RequestId { get; init; }

    /// <summary>The peer of a Unix socket, as the kernel names it.</summary>
    public PeerCredentials? Peer { get; init; }

    public static ConnectionOrigin? Of(HttpContext http) => http.Features.Get<ConnectionOrigin>();
}
