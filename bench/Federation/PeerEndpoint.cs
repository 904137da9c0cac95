using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace MeshGrains.Bench;

/// <summary>
/// A bundle endpoint that answers byte for byte what it is told to: TLS is real, what comes behind it need not be HTTP. Certificate and answer may be changed
/// at any time.
/// </summary>
internal sealed class PeerEndpoint : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _questions;

    public PeerEndpoint(SslStreamCertificateContext certificate, Func<Stream, CancellationToken, Task> answer)
    {
        (Certificate, Answer) = (certificate, answer);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public SslStreamCertificateContext Certificate { get; set; }

    public Func<Stream, CancellationToken, Task> Answer { get; set; }

    public string Url => $"https://localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}/";

    /// <summary>Requests whose head came.</summary>
    public int Questions => Volatile.Read(ref _questions);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    public static Func<Stream, CancellationToken, Task> Json(byte[] body) => Raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", body);

    /// <param name="head">Status line and headers but for the length, each with its CRLF.</param>
    /// <param name="body">What follows.</param>
    /// <param name="declared">The Content-Length that is claimed; the body's own unless told.</param>
    public static Func<Stream, CancellationToken, Task> Raw(string head, byte[] body, long? declared = null) => async (stream, cancellationToken) =>
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{head}Content-Length: {declared ?? body.Length}\r\nConnection: close\r\n\r\n"), cancellationToken);
        await stream.WriteAsync(body, cancellationToken);
    };

    public static Func<Stream, CancellationToken, Task> Redirect(Func<string> location) => (stream, cancellationToken) =>
        Raw($"HTTP/1.1 302 Found\r\nLocation: {location()}\r\n", [])(stream, cancellationToken);

    /// <summary>As many bytes as are taken, up to a gigabyte, without a length.</summary>
    public static async Task EndlessAsync(Stream stream, CancellationToken cancellationToken)
    {
        await stream.WriteAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray(), cancellationToken);
        var chunk = Encoding.ASCII.GetBytes($"10000\r\n{new string(' ', 0x10000)}\r\n");
        for (var sent = 0L; sent < 1L << 30; sent += chunk.Length)
        {
            await stream.WriteAsync(chunk, cancellationToken);
        }
    }

    /// <summary>A byte now and then, for ever.</summary>
    public static Func<Stream, CancellationToken, Task> Slow(string head) => async (stream, cancellationToken) =>
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancellationToken);
        while (true)
        {
            await Task.Delay(100, cancellationToken);
            await stream.WriteAsync(" "u8.ToArray(), cancellationToken);
        }
    };

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
                serving.RemoveAll(task => task.IsCompleted);
            }
            catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                break;
            }
        }

        await Task.WhenAll(serving);
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using var tls = new SslStream(client.GetStream());
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = Certificate, AllowTlsResume = false }, _stop.Token);
                var head = new byte[16 * 1024];
                for (var length = 0; !Encoding.ASCII.GetString(head, 0, length).Contains("\r\n\r\n", StringComparison.Ordinal);)
                {
                    var read = await tls.ReadAsync(head.AsMemory(length), _stop.Token);
                    if (read == 0)
                    {
                        return;
                    }

                    length += read;
                }

                Interlocked.Increment(ref _questions);
                await Answer(tls, _stop.Token);
                await tls.ShutdownAsync();
            }
            catch (Exception end) when (end is IOException or OperationCanceledException or AuthenticationException or SocketException or InvalidOperationException)
            {
                // The other side had enough, or the server stops.
            }
        }
    }
}
