using System.Net.Sockets;
using MeshGrains.Gateway.Acme;
using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Federation;
using MeshGrains.Gateway.Relay;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Serving;

/// <summary>Lays out the listeners with their bounds. Every connection learns at once which listener it came by.</summary>
internal sealed class KestrelSetup(
    IOptions<GatewayOptions> gateway, IOptions<LimitsOptions> limits, IOptions<RelayOptions> relay, ConnectionLimiter limiter, ServingTls tls, GatewayEndpoints endpoints,
    RelayListener relays, FederationListener federation, AcmeHttpListener acme, TimeProvider time, IRandomSource random, ILoggerFactory loggers)
    : IConfigureOptions<KestrelServerOptions>, IConfigureOptions<SocketTransportOptions>
{
    private const int MaxHeaders = 64;
    private const int MaxRequestLineBytes = 8 * 1024;
    private const int FrameBytes = 16 * 1024;

    private readonly GatewayOptions _options = gateway.Value;
    private readonly LimitsOptions _limits = limits.Value;
    private readonly ILogger _logger = loggers.CreateLogger("MeshGrains.Gateway.Serving");

    public void Configure(KestrelServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.AddServerHeader = false;
        Bound(options.Limits);
        ListenForMesh(options);
        ListenForOperations(options);
        ListenForAdmin(options);
        federation.Listen(options);
        acme.Listen(options);
        if (relay.Value.Listen.Length > 0)
        {
            relays.Listen(options, relay.Value.Listen);
        }
    }

    public void Configure(SocketTransportOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var others = options.CreateBoundListenSocket;
        options.CreateBoundListenSocket = endPoint => endPoint is UnixDomainSocketEndPoint unix && unix.ToString() == _options.AdminSocket
            ? AdminSocket.Bind(unix, _logger)
            : others(endPoint);
    }

    private void Bound(KestrelServerLimits limits)
    {
        limits.MaxRequestBodySize = _limits.MaxRequestBytes;
        limits.MaxRequestHeaderCount = MaxHeaders;
        // A relayed call brings its own headers and what the relay knows of its caller.
        limits.MaxRequestHeadersTotalSize = _options.MaxRequestHeaderBytes + (relay.Value.Listen.Length > 0 ? RelayFacts.HeaderBytes : 0);
        limits.MaxRequestLineSize = Math.Min(MaxRequestLineBytes, _options.MaxRequestHeaderBytes);
        limits.RequestHeadersTimeout = _options.RequestHeadersTimeout;
        limits.KeepAliveTimeout = _options.KeepAliveTimeout;
        limits.MinRequestBodyDataRate = new MinDataRate(240, TimeSpan.FromSeconds(5));
        limits.MinResponseDataRate = new MinDataRate(240, TimeSpan.FromSeconds(5));
        limits.Http2.MaxStreamsPerConnection = _limits.MaxStreamsPerConnection;
        limits.Http2.MaxRequestHeaderFieldSize = _options.MaxRequestHeaderBytes;
        limits.Http2.MaxFrameSize = FrameBytes;
        // A full window for one message; the connection's holds what its streams may send before anything is read.
        limits.Http2.InitialStreamWindowSize = 128 * 1024;
        limits.Http2.InitialConnectionWindowSize = 1024 * 1024;
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(60);
        limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
    }

    private void ListenForMesh(KestrelServerOptions options)
    {
        _ = ListenAddress.TryParse(_options.Listen, out var endPoint);
        var lifetime = new ConnectionLifetime(_options.MaxConnectionAge, _options.ConnectionDrain, time, random, _logger);
        options.ListenOverTls(
            endPoint, ListenerKinds.Mesh, HttpProtocols.Http1AndHttp2, limiter,
            new TlsHandshakeCallbackOptions { OnConnection = tls.OnConnection, HandshakeTimeout = _limits.HandshakeTimeout }, lifetime, listen => endpoints.Mesh = listen);
    }

    private void ListenForOperations(KestrelServerOptions options)
    {
        if (_options.OperationsListen.Length == 0)
        {
            return;
        }

        _ = ListenAddress.TryParse(_options.OperationsListen, out var endPoint);
        options.Listen(endPoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(next => connection =>
            {
                connection.Features.Set(new ConnectionOrigin(ListenerKinds.Operations));
                return next(connection);
            });
            endpoints.Operations = listen;
        });
    }

    private void ListenForAdmin(KestrelServerOptions options)
    {
        if (_options.AdminSocket.Length == 0)
        {
            return;
        }

        uint[] allowed = [PeerCredentials.OwnUserId()];
        options.ListenUnixSocket(_options.AdminSocket, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(next => AdminSocket.Guard(next, allowed, _logger));
            endpoints.AdminSocket = _options.AdminSocket;
        });
    }
}
