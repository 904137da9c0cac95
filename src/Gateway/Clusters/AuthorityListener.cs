using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Clusters;

/// <summary>The home's listener for member clusters: a few kept connections, bounded by number and by what a handshake may cost.</summary>
internal sealed class AuthorityListener(
    IServiceProvider services, IOptions<AuthorityOptions> authority, IOptions<GatewayOptions> gateway, IOptions<LimitsOptions> limits, GatewayEndpoints endpoints,
    GatewayRefusalMetrics metrics, TimeProvider time, IRandomSource random, ILoggerFactory loggers) : IConfigureOptions<KestrelServerOptions>
{
    private const int MaxConnections = 1024;
    private const int MaxConnectionsPerAddress = 256;

    public void Configure(KestrelServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);

        // A silo without the role authority has no certificate for such links, and members do not call it.
        if (authority.Value.Listen.Length == 0 || services.GetService<IClusterCredentials>() is null)
        {
            return;
        }

        var tls = services.GetRequiredService<ClusterTls>();
        _ = ListenAddress.TryParse(authority.Value.Listen, out var endPoint);
        var bounds = new LimitsOptions { MaxConnections = MaxConnections, MaxConnectionsPerAddress = MaxConnectionsPerAddress };
        var limiter = new ConnectionLimiter(Options.Create(bounds), time, metrics);
        var lifetime = new ConnectionLifetime(
            gateway.Value.MaxConnectionAge, gateway.Value.ConnectionDrain, time, random, loggers.CreateLogger("MeshGrains.Gateway.Clusters"));
        options.ListenOverTls(
            endPoint, ListenerKinds.Authority, HttpProtocols.Http2, limiter,
            new TlsHandshakeCallbackOptions { OnConnection = tls.OnConnection, HandshakeTimeout = limits.Value.HandshakeTimeout }, lifetime, listen => endpoints.AuthorityListen = listen);
    }
}
