using System.Net;

namespace MeshGrains.LocalCluster;

/// <summary>An nginx of our own on a loopback port: mutual TLS from files, no session resumption, an answer of its own. It reads the files again at HUP.</summary>
public sealed class NginxServer : IAsyncDisposable
{
    /// <summary>The Debian package that has it.</summary>
    public const string Package = "nginx-light";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private NginxServer(ChildProcess process, IPEndPoint address) => (Process, Address) = (process, address);

    /// <summary>The executable; null where it is not installed.</summary>
    public static string? Program => ProxyFolder.Find("nginx");

    public ChildProcess Process { get; }

    public IPEndPoint Address { get; }

    /// <summary>Where its process id lies while it runs.</summary>
    public static string PidFile(string folder) => Path.Combine(folder, "nginx.pid");

    /// <summary>
    /// Starts it over <paramref name="folder"/>, which holds svid.pem, svid.key and bundle.pem; each of <paramref name="others"/> is a listener more, whose
    /// clients are checked with a CA file of its own.
    /// </summary>
    public static async Task<NginxServer> StartAsync(string folder, int port, CancellationToken cancellationToken, params IReadOnlyList<(int Port, string CaFile)> others)
    {
        var configuration = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(
            configuration,
            $$"""
            daemon off;
            worker_processes 2;
            pid {{PidFile(folder)}};
            error_log stderr warn;
            events { worker_connections 512; }
            http {
              access_log off;
              client_body_temp_path {{folder}}/body;
              proxy_temp_path {{folder}}/proxy;
              fastcgi_temp_path {{folder}}/fastcgi;
              uwsgi_temp_path {{folder}}/uwsgi;
              scgi_temp_path {{folder}}/scgi;
              keepalive_requests 1000000;
            {{string.Concat(others.Prepend((port, Path.Combine(folder, "bundle.pem"))).Select(one => Listener(folder, one.Item1, one.Item2)))}}
            }
            """,
            cancellationToken);
        var process = ChildProcess.Start(
            Program ?? throw new FileNotFoundException($"nginx is not installed (Debian package {Package})."), ["-e", "stderr", "-p", folder, "-c", configuration]);
        var server = new NginxServer(process, new IPEndPoint(IPAddress.Loopback, port));
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
        $$"""
          server {
            listen 127.0.0.1:{{port}} ssl backlog=1024;
            ssl_protocols TLSv1.2 TLSv1.3;
            ssl_certificate {{folder}}/svid.pem;
            ssl_certificate_key {{folder}}/svid.key;
            ssl_client_certificate {{caFile}};
            ssl_verify_client on;
            ssl_verify_depth 2;
            ssl_session_cache off;
            ssl_session_tickets off;
            location / { return 200 "nginx: client $ssl_client_verify\n"; }
          }

        """;

    public async ValueTask DisposeAsync()
    {
        // The workers end with their master's word, not with its death.
        await Process.StopAsync(Patience);
        await Process.DisposeAsync();
    }
}
