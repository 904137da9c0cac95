using System.Net.Security;
using System.Security.Authentication;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Acme;

/// <summary>
/// Answers tls-alpn-01 on the bundle endpoint's own listener: a connection whose ClientHello offers <c>acme-tls/1</c> gets the challenge's certificate and nothing else, and
/// ends with its handshake. Every other connection never sees that certificate.
/// </summary>
internal sealed class AcmeTls(AcmeCertificate certificate, IOptions<LimitsOptions> limits, TimeProvider time, ILogger<AcmeTls> logger)
{
    private const int LinesPerSecond = 5;
    private static readonly SslApplicationProtocol Protocol = new("acme-tls/1");
    private static readonly List<SslApplicationProtocol> Protocols = [Protocol];

    private readonly LineBudget _lines = new(time, LinesPerSecond);

    public bool IsOn => certificate.IsOn && certificate.Options.Challenge == FederationAcmeOptions.TlsAlpn;

    /// <summary>In front of TLS: looks, and takes nothing.</summary>
    public ConnectionDelegate Look(ConnectionDelegate next) => async connection =>
    {
        if (await IsChallengeAsync(connection))
        {
            connection.Features.Set(new ChallengeConnection());
        }

        await next(connection);
    };

    /// <summary>Behind TLS: the handshake was the answer.</summary>
    public static ConnectionDelegate End(ConnectionDelegate next) =>
        connection => connection.Features.Get<ChallengeConnection>() is null ? next(connection) : Task.CompletedTask;

    /// <summary>Null for a connection of any other kind.</summary>
    /// <exception cref="AuthenticationException">Nothing of that name is being proven.</exception>
    public async ValueTask<SslServerAuthenticationOptions?> AnswerAsync(TlsHandshakeCallbackContext context)
    {
        if (context.Connection.Features.Get<ChallengeConnection>() is null)
        {
            return null;
        }

        var name = context.ClientHelloInfo.ServerName;
        if (await certificate.FindNameAsync(name, context.CancellationToken) is not { } answer)
        {
            if (_lines.MayTell(out _))
            {
                AcmeLog.NoChallenge(logger, string.Concat(name.Take(100).Where(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-')));
            }

            throw new AuthenticationException("Nothing is being proven for this name.");
        }

        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = answer,
            ApplicationProtocols = Protocols,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateRequired = false,
            AllowTlsResume = false,
            AllowRenegotiation = false,
        };
    }

    private async Task<bool> IsChallengeAsync(ConnectionContext connection)
    {
        using var limit = new CancellationTokenSource(limits.Value.HandshakeTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, connection.ConnectionClosed);
        var input = connection.Transport.Input;
        try
        {
            for (; ; )
            {
                var received = await input.ReadAsync(both.Token);
                var offers = ClientHello.Offers(received.Buffer, Protocol.Protocol.Span);
                if (offers is not null || received.IsCompleted)
                {
                    // Not examined either: the handshake reads it all from its first byte.
                    input.AdvanceTo(received.Buffer.Start, received.Buffer.Start);
                    return offers == true;
                }

                input.AdvanceTo(received.Buffer.Start, received.Buffer.End);
            }
        }
        catch (OperationCanceledException)
        {
            // Too slow, or gone: the handshake finds that out by its own bound.
            return false;
        }
    }

    private sealed class ChallengeConnection;
}
