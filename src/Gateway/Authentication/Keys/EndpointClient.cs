using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MeshGrains.Gateway;

/// <summary>
/// A client for one foreign endpoint: its own trust anchors, a token of ours when it wants one, bounded answers, no redirects, a timeout.
/// CA and token file are read again when they change.
/// </summary>
internal sealed class EndpointClient : IDisposable
{
    private static readonly TimeSpan FileInterval = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private readonly WatchedFile? _caFile;
    private readonly WatchedFile? _tokenFile;
    private readonly Lock _gate = new();
    private HttpMessageInvoker? _http;
    private byte[]? _trusted;

    public EndpointClient(string? caFile, string? tokenFile, TimeSpan timeout, TimeProvider time)
    {
        _time = time;
        _timeout = timeout;
        _caFile = string.IsNullOrEmpty(caFile) ? null : new WatchedFile(caFile, 1024 * 1024, FileInterval, time);
        _tokenFile = string.IsNullOrEmpty(tokenFile) ? null : new WatchedFile(tokenFile, 64 * 1024, FileInterval, time);
    }

    /// <summary>Sends one request and reads its whole answer.</summary>
    /// <exception cref="SourceUnavailableException">No answer, or one that is too large; says why.</exception>
    public async Task<(HttpStatusCode Status, byte[] Body)> SendAsync(HttpRequestMessage request, int maxBytes, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_timeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            if (_tokenFile is not null)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Encoding.ASCII.GetString(_tokenFile.Read()).Trim());
            }

            using var response = await Http().SendAsync(request, both.Token).ConfigureAwait(false);
            if ((int)response.StatusCode is >= 300 and < 400)
            {
                throw new SourceUnavailableException($"{request.RequestUri} redirects (HTTP {(int)response.StatusCode}); configure the final address");
            }

            return (response.StatusCode, await ReadBodyAsync(response, maxBytes, both.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SourceUnavailableException($"{request.RequestUri} did not answer within {_timeout}", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or CryptographicException or FormatException)
        {
            throw new SourceUnavailableException($"{request.RequestUri}: {e.Message}", e);
        }
    }

    public async Task<byte[]> GetAsync(Uri uri, int maxBytes, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.Accept.ParseAdd("application/json, application/jwk-set+json");
        var (status, body) = await SendAsync(request, maxBytes, cancellationToken).ConfigureAwait(false);
        return status == HttpStatusCode.OK ? body : throw new SourceUnavailableException($"{uri} answered HTTP {(int)status}");
    }

    public void Dispose() => _http?.Dispose();

    private static async Task<byte[]> ReadBodyAsync(HttpResponseMessage response, int maxBytes, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentLength > maxBytes)
        {
            throw new SourceUnavailableException($"the answer has {response.Content.Headers.ContentLength} bytes; at most {maxBytes} are read");
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (body.Length + read > maxBytes)
            {
                throw new SourceUnavailableException($"the answer has more than {maxBytes} bytes");
            }

            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private HttpMessageInvoker Http()
    {
        var trusted = _caFile?.Read();
        lock (_gate)
        {
            if (_http is null || !ReferenceEquals(trusted, _trusted))
            {
                // A client that was replaced may still carry requests; it goes when they do.
                _http = new HttpMessageInvoker(MakeHandler(trusted));
                _trusted = trusted;
            }

            return _http;
        }
    }

    private static SocketsHttpHandler MakeHandler(byte[]? trusted)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxConnectionsPerServer = 64,
            MaxResponseHeadersLength = 64,

            // What is not wanted is not read: the connection is closed instead.
            MaxResponseDrainSize = 0,
            EnableMultipleHttp2Connections = true,
        };
        if (trusted is not null)
        {
            var anchors = new X509Certificate2Collection();
            anchors.ImportFromPem(Encoding.UTF8.GetString(trusted));
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(anchors);
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }

        return handler;
    }
}
