using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Serving;

/// <summary>A connection feature, set once per connection: which listener took it and what the other side proved while connecting.</summary>
internal sealed class ConnectionOrigin(ListenerKinds listener)
{
    public ListenerKinds Listener { get; } = listener;

    /// <summary>The validated client SVID; null without one.</summary>
    public ParsedClientChain? ClientChain { get; set; }

    /// <summary>The peer of a Unix socket, as the kernel names it.</summary>
    public PeerCredentials? Peer { get; init; }

    public static ConnectionOrigin? Of(HttpContext http) => http.Features.Get<ConnectionOrigin>();
}
