using System.Net.Security;
using System.Security.Authentication;
using MeshGrains.Gateway.Acme;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Federation;

/// <summary>
/// The listener for foreign trust domains, with bounds of its own: what comes there takes no place from workloads. It never asks for a client's certificate,
/// as the specification has it, and each connection carries one question.
/// </summary>
internal sealed class FederationListener(
    IOptions<FederationOptions> options, IOptions<LimitsOptions> limits, EndpointCertificate certificate, AcmeTls acme, GatewayEndpoints endpoints,
    GatewayRefusalMetrics metrics, TimeProvider time, IRandomSource random, ILoggerFactory loggers)
{
    private const double HandshakesPerSecondPerAddress = 10;
    private const double HandshakeBurstPerAddress = 100;
    private const int BytesPerConnection = 64 * 1024;
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(5);
    private static readonly List<SslApplicationProtocol> Protocols = [SslApplicationProtocol.Http11];

    private readonly LineBudget _lines = new(time, 1);
    private readonly ILogger _logger = loggers.CreateLogger("MeshGrains.Gateway.Federation");

    public void Listen(KestrelServerOptions kestrel)
    {
        var endpoint = options.Value.Endpoint;
        if (endpoint.Listen.Length == 0)
        {
            return;
        }

        _ = ListenAddress.TryParse(endpoint.Listen, out var endPoint);
        var bounds = new LimitsOptions
        {
            MaxConnections = endpoint.MaxConnections,
            MaxConnectionsPerAddress = endpoint.MaxConnectionsPerAddress,
            RenewalShare = 0,
            HandshakesPerSecondPerAddress = HandshakesPerSecondPerAddress,
            HandshakeBurstPerAddress = HandshakeBurstPerAddress,
            BytesPerSecondPerConnection = BytesPerConnection,
            ByteBurstPerConnection = BytesPerConnection,
        };
        var limiter = new ConnectionLimiter(Options.Create(bounds), time, metrics);
        var lifetime = new ConnectionLifetime(MaxAge, Drain, time, random, _logger);
        kestrel.ListenOverTls(
            endPoint, ListenerKinds.Federation, HttpProtocols.Http1, limiter,
            new TlsHandshakeCallbackOptions { OnConnection = OnConnection, HandshakeTimeout = limits.Value.HandshakeTimeout }, lifetime,
            listen =>
            {
                listen.Use(AcmeTls.End);
                endpoints.FederationListen = listen;
            },
            acme.IsOn ? acme.Look : null);
    }

    private async ValueTask<SslServerAuthenticationOptions> OnConnection(TlsHandshakeCallbackContext context)
    {
        if (await acme.AnswerAsync(context) is { } challenge)
        {
            return challenge;
        }

        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate.Current ?? throw Refused(),
            ApplicationProtocols = Protocols,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateRequired = false,
            AllowTlsResume = false,
            AllowRenegotiation = false,
        };
    }

    private AuthenticationException Refused()
    {
        if (_lines.MayTell(out var suppressed))
        {
            AcmeLog.NoCertificate(_logger, certificate.Why, suppressed);
        }

        return new AuthenticationException("The bundle endpoint has no certificate yet.");
    }
}
