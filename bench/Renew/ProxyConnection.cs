using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>One mutual-TLS connection to a proxy: always a full handshake, both sides verified, the proxy by its SPIFFE ID.</summary>
internal sealed class ProxyConnection : IAsyncDisposable
{
    private const int MaxAnswer = 16 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TcpClient _tcp;
    private readonly SslStream _tls;
    private string? _refusal;

    private ProxyConnection(TcpClient tcp, ProxyTarget target, ClientIdentity client)
    {
        _tcp = tcp;
        _tls = new SslStream(tcp.GetStream(), false, (_, certificate, chain, _) =>
        {
            _refusal = Check(certificate as X509Certificate2, chain, target, client.BundleOf(target.Id.TrustDomain));
            return _refusal is null;
        });
    }

    /// <exception cref="IOException">It could not be opened; the text says why.</exception>
    public static async Task<ProxyConnection> OpenAsync(ProxyTarget target, ClientIdentity client, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        var tcp = new TcpClient { NoDelay = true };
        ProxyConnection? connection = null;
        try
        {
            await tcp.ConnectAsync(target.Address, limit.Token);
            connection = new ProxyConnection(tcp, target, client);
            await connection._tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "workload",
                    ClientCertificateContext = client.Certificate,
                    AllowTlsResume = false,
                    CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, DisableCertificateDownloads = true },
                },
                limit.Token);
            return connection;
        }
        catch (Exception failure) when (failure is IOException or SocketException or AuthenticationException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            var why = connection?._refusal ?? failure.InnerException?.Message ?? failure.Message;
            await (connection?.DisposeAsync() ?? ValueTask.CompletedTask);
            tcp.Dispose();
            throw new IOException($"{target.Name}: {why}", failure);
        }
    }

    /// <summary>One request; true when the answer says that the connection stays.</summary>
    /// <exception cref="IOException">There was no answer of 200; with TLS 1.3 this is where a refused client certificate shows.</exception>
    public async Task<bool> AskAsync(bool keep, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            await _tls.WriteAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: workload\r\nConnection: {(keep ? "keep-alive" : "close")}\r\n\r\n"), limit.Token);
            var answer = await ReadAsync(limit.Token);
            return answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal)
                ? keep && !answer.Contains("connection: close", StringComparison.OrdinalIgnoreCase)
                : throw new IOException($"the answer is '{answer.Split('\r')[0]}'");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"there was no answer within {Patience.TotalSeconds:0} s");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _tls.DisposeAsync();
        _tcp.Dispose();
    }

    /// <summary>Head and body, told by Content-Length.</summary>
    private async Task<string> ReadAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxAnswer];
        var held = 0;
        while (true)
        {
            var read = held < buffer.Length ? await _tls.ReadAsync(buffer.AsMemory(held), cancellationToken) : 0;
            if (read == 0)
            {
                throw new IOException(held == 0 ? "the reply is empty" : "the reply is cut short");
            }

            held += read;
            var text = Encoding.ASCII.GetString(buffer, 0, held);
            if (text.IndexOf("\r\n\r\n", StringComparison.Ordinal) is > 0 and var end && Length(text[..end]) is var length && held >= end + 4 + length)
            {
                return text;
            }
        }
    }

    private static int Length(string head)
    {
        const string name = "content-length:";
        var line = head.Split("\r\n").FirstOrDefault(line => line.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new IOException("the reply has no Content-Length");
        return int.Parse(line[name.Length..], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string? Check(X509Certificate2? leaf, X509Chain? chain, ProxyTarget target, SpiffeBundle? bundle)
    {
        if (leaf is null)
        {
            return "there is no certificate";
        }

        if (bundle is null)
        {
            return $"there is no bundle of {target.Id.TrustDomain.Name}";
        }

        var others = chain?.ChainPolicy.ExtraStore.Select(extra => (ReadOnlyMemory<byte>)extra.RawData).ToList() ?? [];
        var validation = X509SvidValidator.Validate(leaf.RawData, others, bundle, TimeProvider.System.GetUtcNow());
        if (!validation.IsValid)
        {
            return $"its certificate is refused: {validation.Error}";
        }

        if (validation.Id != target.Id)
        {
            return $"it is {validation.Id}";
        }

        target.Saw(leaf.SerialNumber.TrimStart('0').ToLowerInvariant(), [.. others]);
        return null;
    }
}
