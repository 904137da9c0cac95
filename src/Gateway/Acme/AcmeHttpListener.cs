using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Acme;

/// <summary>Plain HTTP for http-01, where it is configured. Bounds of its own: anybody may come here.</summary>
internal sealed class AcmeHttpListener(
    AcmeCertificate certificate, GatewayEndpoints endpoints, GatewayRefusalMetrics metrics, TimeProvider time, IRandomSource random, ILoggerFactory loggers)
{
    private const int MaxConnections = 64;
    private const int MaxConnectionsPerAddress = 8;
    private const double ConnectionsPerSecondPerAddress = 10;
    private const int BytesPerConnection = 16 * 1024;
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(5);

    public void Listen(KestrelServerOptions kestrel)
    {
        if (!certificate.IsOn || !ListenAddress.TryParse(certificate.Options.HttpListen, out var endPoint))
        {
            return;
        }

        var bounds = new LimitsOptions
        {
            MaxConnections = MaxConnections, MaxConnectionsPerAddress = MaxConnectionsPerAddress, RenewalShare = 0,
            HandshakesPerSecondPerAddress = ConnectionsPerSecondPerAddress, HandshakeBurstPerAddress = 10 * ConnectionsPerSecondPerAddress,
            BytesPerSecondPerConnection = BytesPerConnection, ByteBurstPerConnection = BytesPerConnection,
        };
        var limiter = new ConnectionLimiter(Options.Create(bounds), time, metrics);
        var lifetime = new ConnectionLifetime(MaxAge, Drain, time, random, loggers.CreateLogger("MeshGrains.Gateway.Acme"));
        kestrel.Listen(endPoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(next => connection =>
            {
                connection.Features.Set(new ConnectionOrigin(ListenerKinds.AcmeChallenge));
                return next(connection);
            });
            listen.Use(limiter.Wrap);
            listen.Use(lifetime.Wrap);
            endpoints.AcmeHttpListen = listen;
        });
    }
}
