using System.Net;

namespace MeshGrains.LocalCluster;

/// <summary>
/// A haproxy of our own on a loopback port: mutual TLS from files, no session resumption, and mutual TLS again to the server behind it, whose certificate has to
/// carry a DNS name. Its master (-W) reads the files again at USR2.
/// </summary>
public sealed class HaproxyServer : IAsyncDisposable
{
    /// <summary>The Debian package that has it.</summary>
    public const string Package = "haproxy";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private HaproxyServer(ChildProcess process, IPEndPoint address) => (Process, Address) = (process, address);

    /// <summary>The executable; null where it is not installed.</summary>
    public static string? Program => ProxyFolder.Find("haproxy");

    public ChildProcess Process { get; }

    public IPEndPoint Address { get; }

    /// <summary>Where the master's process id lies while it runs.</summary>
    public static string PidFile(string folder) => Path.Combine(folder, "haproxy.pid");

    /// <summary>
    /// Starts it over <paramref name="folder"/>, which holds combined.pem and bundle.pem; nothing is tried twice. Each of <paramref name="others"/> is a listener
    /// more, whose clients are checked with a CA file of its own.
    /// </summary>
    /// <param name="folder">Where its files lie.</param>
    /// <param name="port">Its listener for those of its own bundle.</param>
    /// <param name="upstream">The server behind it.</param>
    /// <param name="upstreamDnsName">A name that the server's certificate has to carry.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <param name="upstreamCaFile">What the server is checked with; null for bundle.pem.</param>
    /// <param name="others">Further listeners.</param>
    public static async Task<HaproxyServer> StartAsync(
        string folder, int port, IPEndPoint upstream, string upstreamDnsName, CancellationToken cancellationToken, string? upstreamCaFile = null,
        params IReadOnlyList<(int Port, string CaFile)> others)
    {
        var configuration = Path.Combine(folder, "haproxy.cfg");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            global
              tune.ssl.cachesize 0
              ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
              hard-stop-after 20s
            defaults
              mode http
              retries 0
              timeout connect 10s
              timeout client 30s
              timeout server 30s
              timeout http-keep-alive 30s
            frontend mesh
            {string.Concat(others.Prepend((port, Path.Combine(folder, "bundle.pem"))).Select(one => Listener(folder, one.Item1, one.Item2)))}
              default_backend upstream
            backend upstream
              http-reuse never
              server upstream {upstream} ssl verify required ca-file {upstreamCaFile ?? Path.Combine(folder, "bundle.pem")} crt {folder}/combined.pem verifyhost {upstreamDnsName} sni str({upstreamDnsName}) no-ssl-reuse

            """,
            cancellationToken);
        var process = ChildProcess.Start(
            Program ?? throw new FileNotFoundException($"haproxy is not installed (Debian package {Package})."), ["-W", "-f", configuration, "-p", PidFile(folder)]);
        var server = new HaproxyServer(process, new IPEndPoint(IPAddress.Loopback, port));
        try
        {
            await Waiting.UntilListeningAsync(server.Address, process, Patience, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private static string Listener(string folder, int port, string caFile) =>
        $"  bind 127.0.0.1:{port} backlog 1024 ssl crt {folder}/combined.pem ca-file {caFile} verify required\n";

    public async ValueTask DisposeAsync()
    {
        // The workers end with their master's word, not with its death.
        await Process.StopAsync(Patience);
        await Process.DisposeAsync();
    }
}
