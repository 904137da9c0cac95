using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace MeshGrains.Gateway.Serving;

internal static class TlsListener
{
    /// <summary>
    /// Listens over TLS. The order counts: where a connection came in is known before it is counted, it is counted before the handshake costs anything, and
    /// its age begins after it.
    /// </summary>
    public static void ListenOverTls(
        this KestrelServerOptions options, EndPoint endPoint, ListenerKinds kind, HttpProtocols protocols, ConnectionLimiter limiter, TlsHandshakeCallbackOptions tls,
        ConnectionLifetime lifetime, Action<ListenOptions> configured, Func<ConnectionDelegate, ConnectionDelegate>? beforeTls = null) => options.Listen(endPoint, listen =>
    {
        listen.Protocols = protocols;
        listen.Use(next => connection =>
        {
            connection.Features.Set(new ConnectionOrigin(kind));
            return next(connection);
        });
        listen.Use(limiter.Wrap);
        if (beforeTls is not null)
        {
            listen.Use(beforeTls);
        }

        listen.UseHttps(tls);
        listen.Use(lifetime.Wrap);
        configured(listen);
    });
}
