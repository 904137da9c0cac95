using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Relay;

/// <summary>Makes the HTTP/2 client of a link to one address: pinged, of bounded life, gone before the bootstrap certificate ends.</summary>
internal sealed class SiloLinkFactory(IRelayCredentials credentials, RelayTls tls, IOptions<RelayOptions> options, TimeProvider time)
{
    private const int MaxConnections = 16;
    private const int MaxResponseHeaderKilobytes = 64;
    private static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ShortestLife = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan IdleLife = TimeSpan.FromMinutes(1);

    // A silo that froze takes its streams along in about three seconds.
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(2);

    public RelayIdentity Identity => credentials.Current;

    public HttpMessageInvoker Create(IPEndPoint endPoint, RelayIdentity identity)
    {
        var left = (identity.NotAfter - time.GetUtcNow()) / 2;
        var life = left < LongestLife ? left : LongestLife;
        return new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            ConnectTimeout = options.Value.AttemptTimeout,
            PooledConnectionLifetime = life > ShortestLife ? life : ShortestLife,
            PooledConnectionIdleTimeout = IdleLife,
            EnableMultipleHttp2Connections = true,
            MaxConnectionsPerServer = MaxConnections,
            MaxResponseHeadersLength = MaxResponseHeaderKilobytes,
            KeepAlivePingDelay = PingDelay,
            KeepAlivePingTimeout = PingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8,
            ResponseHeaderEncodingSelector = (_, _) => Encoding.UTF8,
            SslOptions = tls.ClientOptions(identity),
            ConnectCallback = (_, cancellationToken) => ConnectAsync(endPoint, cancellationToken),
        });
    }

    private static async ValueTask<Stream> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
