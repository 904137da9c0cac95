using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>A client's connection to the demo's backend: TLS 1.3, the backend judged by bundle and SPIFFE ID.</summary>
internal sealed class DemoCall : IDisposable
{
    private readonly TcpClient _connection;
    private readonly SslStream _tls;
    private readonly StreamReader _reader;
    private readonly StreamWriter _writer;

    private DemoCall(TcpClient connection, SslStream tls, SpiffeId server)
    {
        (_connection, _tls, Server) = (connection, tls, server);
        _reader = new StreamReader(tls);
        _writer = new StreamWriter(tls) { AutoFlush = true };
    }

    /// <summary>Who the other end proved to be.</summary>
    public SpiffeId Server { get; }

    public SslProtocols Protocol => _tls.SslProtocol;

    /// <param name="svid">The certificate to show; null for a stranger without one.</param>
    /// <exception cref="CliException">The other end is not who it should be, or the handshake failed.</exception>
    public static async Task<DemoCall> OpenAsync(
        int port, SslStreamCertificateContext? svid, SpiffeBundle bundle, SpiffeId server, TimeProvider time, CancellationToken cancellationToken)
    {
        var check = new PeerCheck(bundle, server, time);
        var connection = new TcpClient { NoDelay = true };
        SslStream? tls = null;
        try
        {
            await connection.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            tls = new SslStream(connection.GetStream());
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    EnabledSslProtocols = SslProtocols.Tls13,
                    // A resumed session would bring back an identity that nobody showed this time.
                    AllowTlsResume = false,
                    ClientCertificateContext = svid,
                    CertificateChainPolicy = PeerChain.Undecided(),
                    RemoteCertificateValidationCallback = check.Accept,
                },
                cancellationToken);
            return new DemoCall(connection, tls, check.Peer!);
        }
        catch (Exception failure)
        {
            tls?.Dispose();
            connection.Dispose();
            if (failure is AuthenticationException or IOException or SocketException)
            {
                throw CliException.Failed(check.Refusal is { } refusal ? $"The server is not trusted: {refusal}." : failure.Message, failure);
            }

            throw;
        }
    }

    /// <summary>Sends a line and returns the answer; null when the other end hung up.</summary>
    public async Task<string?> AskAsync(string line, CancellationToken cancellationToken)
    {
        try
        {
            await _writer.WriteLineAsync(line.AsMemory(), cancellationToken);
            return await _reader.ReadLineAsync(cancellationToken);
        }
        catch (IOException)
        {
            // With TLS 1.3 a client learns of its refusal only now.
            return null;
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _tls.Dispose();
        _connection.Dispose();
    }
}
