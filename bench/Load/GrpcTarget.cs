using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Bench;

/// <summary>Where calls go and how: over TLS 1.3 to a server whose certificate chains to the given roots, or in plain HTTP/2 to a stub.</summary>
internal sealed class GrpcTarget
{
    public required IPEndPoint Address { get; init; }

    /// <summary>PEM of the trusted roots; null means no TLS.</summary>
    public string? TrustPem { get; init; }

    /// <summary>The name that the server's certificate has to carry.</summary>
    public string HostName { get; init; } = "localhost";

    /// <summary>The client's certificate with its intermediates, for mutual TLS.</summary>
    public SslStreamCertificateContext? ClientCertificate { get; init; }

    /// <summary>The local address to call from; any when null.</summary>
    public IPAddress? From { get; init; }

    public string Path { get; init; } = "/istio.v1.auth.IstioCertificateService/CreateCertificate";

    public string Authority => $"{HostName}:{Address.Port}";

    public bool Tls => TrustPem is not null;

    /// <summary>A connected stream, the handshake done.</summary>
    /// <exception cref="IOException">No connection.</exception>
    /// <exception cref="AuthenticationException">The server's certificate is not to be trusted, or TLS 1.3 or h2 was not agreed.</exception>
    public async Task<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (From is not null)
            {
                socket.Bind(new IPEndPoint(From, 0));
            }

            await socket.ConnectAsync(Address, cancellationToken);
            var stream = new NetworkStream(socket, ownsSocket: true);
            return Tls ? await HandshakeAsync(stream, cancellationToken) : stream;
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new IOException(failure.Message, failure);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<Stream> HandshakeAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPem(TrustPem);
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(roots);
        var tls = new SslStream(stream);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = HostName,
                EnabledSslProtocols = SslProtocols.Tls13,
                ApplicationProtocols = [SslApplicationProtocol.Http2],
                CertificateChainPolicy = policy,
                ClientCertificateContext = ClientCertificate,
            },
            cancellationToken);
        return tls.NegotiatedApplicationProtocol == SslApplicationProtocol.Http2
            ? tls
            : throw new AuthenticationException("The server did not agree to HTTP/2.");
    }
}
