using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Threading.Channels;
using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>The demo's backend: a TLS 1.3 service on loopback that lets one SPIFFE ID in and answers each line with the same line.</summary>
internal sealed class DemoBackend : IAsyncDisposable
{
    private const int MaxVisits = 64;
    private static readonly TimeSpan HandshakePatience = TimeSpan.FromSeconds(10);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<DemoVisit> _visits = Channel.CreateBounded<DemoVisit>(MaxVisits);
    private readonly HeldSvid _svid;
    private readonly SpiffeBundle _bundle;
    private readonly SpiffeId _client;
    private readonly TimeProvider _time;
    private readonly Task _serving;

    public DemoBackend(HeldSvid svid, SpiffeBundle bundle, SpiffeId client, TimeProvider time)
    {
        (_svid, _bundle, _client, _time) = (svid, bundle, client, time);
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What became of the next connection's handshake.</summary>
    public ValueTask<DemoVisit> NextVisitAsync(CancellationToken cancellationToken) => _visits.Reader.ReadAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _serving;
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task ServeAsync()
    {
        var open = new List<Task>();
        try
        {
            while (open.Count < MaxVisits)
            {
                open.Add(ServeOneAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
            }
        }
        catch (Exception stop) when (stop is OperationCanceledException or SocketException)
        {
            // The demo is over.
        }

        await Task.WhenAll(open);
    }

    private async Task ServeOneAsync(TcpClient connection)
    {
        using var _ = connection;
        connection.NoDelay = true;
        var check = new PeerCheck(_bundle, _client, _time);
        await using var tls = new SslStream(connection.GetStream());
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
            patience.CancelAfter(HandshakePatience);
            await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    EnabledSslProtocols = SslProtocols.Tls13,
                    AllowTlsResume = false,
                    ServerCertificateContext = _svid.TlsContext,
                    ClientCertificateRequired = true,
                    CertificateChainPolicy = PeerChain.Undecided(),
                    RemoteCertificateValidationCallback = check.Accept,
                },
                patience.Token);
        }
        catch (Exception refused) when (refused is AuthenticationException or IOException or OperationCanceledException)
        {
            _visits.Writer.TryWrite(new DemoVisit(null, null, check.Refusal ?? refused.Message));
            return;
        }

        _visits.Writer.TryWrite(new DemoVisit(check.Peer?.ToString(), check.Certificate?.SerialHex, null));
        try
        {
            using var reader = new StreamReader(tls);
            await using var writer = new StreamWriter(tls) { AutoFlush = true };
            while (await reader.ReadLineAsync(_stopping.Token) is { } line)
            {
                await writer.WriteLineAsync(line.AsMemory(), _stopping.Token);
            }
        }
        catch (Exception over) when (over is IOException or OperationCanceledException)
        {
            // The client went away, or the demo is over.
        }
    }
}
