using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Serving;

/// <summary>
/// What TLS handshakes on the gateway's endpoint are made from: one object, swapped whole when the certificate is renewed.
/// Connections that stand keep the certificate they began with.
/// </summary>
internal sealed class ServingTls(ClientCertificateCheck clients, TimeProvider time, ILogger<ServingTls> logger)
{
    internal const int RefusalLinesPerSecond = 20;

    // h2 first: gRPC clients offer it alone, people's tools offer both.
    private static readonly List<SslApplicationProtocol> Protocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];

    private readonly LineBudget _lines = new(time, RefusalLinesPerSecond);
    private volatile SslStreamCertificateContext? _current;

    public bool HasCertificate => _current is not null;

    /// <summary>What the gateway shows of itself; null before the first.</summary>
    public SslStreamCertificateContext? Current => _current;

    public void Use(SslStreamCertificateContext certificate) => _current = certificate;

    /// <summary>Kestrel's callback at each handshake.</summary>
    public ValueTask<SslServerAuthenticationOptions> OnConnection(TlsHandshakeCallbackContext context)
    {
        var certificate = _current;
        if (certificate is null)
        {
            if (MayTell())
            {
                ServingLog.NoCertificateYet(logger, context.Connection.ConnectionId);
            }

            throw new AuthenticationException("The gateway has no certificate yet; /readyz on the operations listener tells why.");
        }

        // The expensive part is shared; only the callback belongs to the connection.
        var connection = context.Connection;
        return ValueTask.FromResult(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate,
            ApplicationProtocols = Protocols,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            // A resumed session would carry a client identity past its certificate's end.
            AllowTlsResume = false,
            AllowRenegotiation = false,
            // Asked for, not demanded: the callback takes a client that has none.
            ClientCertificateRequired = true,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = PeerChain.Undecided(),
            RemoteCertificateValidationCallback = (_, leaf, chain, _) => Accept(connection, leaf, chain),
        });
    }

    private bool Accept(BaseConnectionContext connection, X509Certificate? leaf, X509Chain? chain)
    {
        if (leaf is null)
        {
            return true;
        }

        var origin = connection.Features.Get<ConnectionOrigin>();
        var presented = PresentedChain.Of(leaf, chain);
        var result = clients.Validate(presented[0], [.. presented.Skip(1).Select(der => (ReadOnlyMemory<byte>)der)]);
        if (origin is not null && result.Client is null && !clients.IsLastWord)
        {
            // Bundles change at silos first. The client gets a silo's answer, in words, and not a connection that breaks.
            (origin.ClientCertificates, origin.ClientEnd) = (presented, EndAhead(leaf));
            return true;
        }

        if (origin is null || result.Client is null)
        {
            if (MayTell())
            {
                ServingLog.ClientCertificateRefused(
                    logger, connection.ConnectionId, connection.RemoteEndPoint?.ToString() ?? "unknown", result.Error ?? "the listener takes no certificates");
            }

            return false;
        }

        (origin.ClientChain, origin.ClientCertificates, origin.ClientEnd) = (result.Client, presented, result.Client.Until);
        connection.Features.Get<ConnectionLease>()?.Known();
        return true;
    }

    /// <summary>Null when it lies behind: each call on the connection is refused then.</summary>
    private DateTimeOffset? EndAhead(X509Certificate leaf) =>
        leaf is X509Certificate2 certificate && certificate.NotAfter.ToUniversalTime() is var end && end > time.GetUtcNow().UtcDateTime
            ? new DateTimeOffset(end, TimeSpan.Zero)
            : null;

    private bool MayTell()
    {
        var may = _lines.MayTell(out var suppressed);
        if (suppressed > 0)
        {
            ServingLog.HandshakesSuppressed(logger, suppressed);
        }

        return may;
    }
}
