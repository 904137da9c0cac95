using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Relay;

/// <summary>
/// The silo's listener for relays. Its connections carry many clients' calls, so they are bounded by number and by what a handshake may cost, while
/// calls are bounded by the address that each came from.
/// </summary>
internal sealed class RelayListener(
    IServiceProvider services, IOptions<GatewayOptions> gateway, IOptions<LimitsOptions> limits, GatewayEndpoints endpoints, GatewayRefusalMetrics metrics,
    TimeProvider time, IRandomSource random, ILoggerFactory loggers)
{
    private const int MaxConnections = 4096;
    private const int MaxConnectionsPerAddress = 1024;
    private const double BytesPerSecond = 1L << 30;

    public void Listen(KestrelServerOptions options, string address)
    {
        // Asked for only here: a gateway without such a listener needs no bootstrap certificate.
        var tls = services.GetRequiredService<RelayTls>();
        _ = ListenAddress.TryParse(address, out var endPoint);
        var bounds = new LimitsOptions
        {
            MaxConnections = MaxConnections,
            MaxConnectionsPerAddress = MaxConnectionsPerAddress,
            BytesPerSecondPerConnection = BytesPerSecond,
            ByteBurstPerConnection = BytesPerSecond,
        };
        var limiter = new ConnectionLimiter(Options.Create(bounds), time, metrics);
        var lifetime = new ConnectionLifetime(
            gateway.Value.MaxConnectionAge, gateway.Value.ConnectionDrain, time, random, loggers.CreateLogger("MeshGrains.Gateway.Relay"));
        options.ListenOverTls(
            endPoint, ListenerKinds.Relay, HttpProtocols.Http2, limiter,
            new TlsHandshakeCallbackOptions { OnConnection = tls.OnConnection, HandshakeTimeout = limits.Value.HandshakeTimeout }, lifetime, listen => endpoints.RelayListen = listen);
    }
}
