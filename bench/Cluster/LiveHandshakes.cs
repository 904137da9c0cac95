using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Bench;

/// <summary>Two workloads with SVIDs from before a fault, which greet each other over mutual TLS while it lasts: what is live must not notice it.</summary>
internal sealed class LiveHandshakes : IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly SslStreamCertificateContext _server;
    private readonly SslStreamCertificateContext _client;
    private readonly X509Certificate2Collection _roots = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _done;
    private int _failed;
    private string? _firstFailure;

    private LiveHandshakes(WorkloadSvid server, WorkloadSvid client, string bundlePem)
    {
        (_server, _client) = (server.Context, client.Context);
        _roots.ImportFromPem(bundlePem);
        _running = Task.Run(RunAsync);
    }

    public int Done => Volatile.Read(ref _done);

    public int Failed => Volatile.Read(ref _failed);

    public string? FirstFailure => Volatile.Read(ref _firstFailure);

    public static async Task<LiveHandshakes> StartAsync(DrillCluster cluster, CancellationToken cancellationToken) => new(
        await WorkloadSvid.FetchAsync(cluster.Front, cluster.Tokens.Token(900), cancellationToken),
        await WorkloadSvid.FetchAsync(cluster.Front, cluster.Tokens.Token(901), cancellationToken),
        cluster.Front.TrustPem!);

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await GreetAsync();
                Interlocked.Increment(ref _done);
            }
            catch (Exception failure) when (failure is AuthenticationException or IOException or SocketException or OperationCanceledException)
            {
                Interlocked.Increment(ref _failed);
                Interlocked.CompareExchange(ref _firstFailure, failure.InnerException?.Message ?? failure.Message, null);
            }

            await Pausing.ForAsync(Pace, _stop.Token);
        }
    }

    private async Task GreetAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var dialled = new TcpClient();
        var accepting = listener.AcceptTcpClientAsync(limit.Token);
        await dialled.ConnectAsync((IPEndPoint)listener.LocalEndpoint, limit.Token);
        using var accepted = await accepting;
        await using var server = new SslStream(accepted.GetStream());
        await using var client = new SslStream(dialled.GetStream());
        var serving = server.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificateContext = _server, ClientCertificateRequired = true, RemoteCertificateValidationCallback = IsGood }, limit.Token);
        await Task.WhenAll(serving, client.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "workload", ClientCertificateContext = _client, RemoteCertificateValidationCallback = IsGood }, limit.Token));
        await client.WriteAsync("hello"u8.ToArray(), limit.Token);
        await server.ReadExactlyAsync(new byte[5], limit.Token);
    }

    /// <summary>The chain alone: workloads are known by their SPIFFE IDs, not by host names.</summary>
    private bool IsGood(object sender, X509Certificate? certificate, X509Chain? given, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 leaf)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var element in given?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        return chain.Build(leaf);
    }
}
