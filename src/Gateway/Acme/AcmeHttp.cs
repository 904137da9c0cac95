using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Gateway.Acme;

/// <summary>HTTPS to the CA. Whatever it names is asked over https alone; time, headers and bodies are bounded; nothing is followed elsewhere.</summary>
internal sealed class AcmeHttp : IDisposable
{
    private const int MaxBytes = 256 * 1024;
    private const int MaxHeaderKilobytes = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromDays(7);
    private static readonly ProductInfoHeaderValue Agent = new("MeshGrains", "1");

    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _time;

    public AcmeHttp(HttpMessageHandler handler, TimeProvider time) => (_http, _time) = (new HttpMessageInvoker(handler), time);

    /// <param name="caFile">CAs for the directory's own certificate, PEM; empty: the system's.</param>
    /// <param name="time">For the bounds.</param>
    public static AcmeHttp Over(string caFile, TimeProvider time)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (caFile.Length > 0)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPemFile(caFile);
        }

        return new AcmeHttp(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false, UseCookies = false, UseProxy = false, AutomaticDecompression = DecompressionMethods.None,
                MaxResponseHeadersLength = MaxHeaderKilobytes, MaxResponseDrainSize = 0, ConnectTimeout = Patience, MaxConnectionsPerServer = 2,
                SslOptions = { CertificateChainPolicy = policy, EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 },
            },
            time);
    }

    /// <param name="method">HEAD, GET or POST.</param>
    /// <param name="url">Absolute.</param>
    /// <param name="jws">The body of a POST; null for none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="AcmeException">The CA cannot be reached, answers beyond the bounds, or the URL is none of https.</exception>
    public async Task<AcmeReply> SendAsync(HttpMethod method, Uri url, byte[]? jws, CancellationToken cancellationToken)
    {
        if (!url.IsAbsoluteUri || url.Scheme != Uri.UriSchemeHttps)
        {
            throw new AcmeException("The CA names a URL that is not https.");
        }

        using var limit = new CancellationTokenSource(Patience, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var request = new HttpRequestMessage(method, url);
        request.Headers.UserAgent.Add(Agent);
        if (jws is not null)
        {
            request.Content = new ByteArrayContent(jws) { Headers = { ContentType = new MediaTypeHeaderValue("application/jose+json") } };
        }

        try
        {
            using var response = await _http.SendAsync(request, both.Token);
            return new AcmeReply(
                (int)response.StatusCode, await ReadAsync(response, both.Token), response.Headers.Location is { } location ? new Uri(url, location) : null,
                response.Headers.TryGetValues("Replay-Nonce", out var nonces) ? nonces.First() : null, RetryAfter(response));
        }
        catch (Exception) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new AcmeException($"{url.Host} did not answer within {Patience.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s.");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            throw new AcmeException($"{url.Host} cannot be asked: {failure.GetBaseException().Message}");
        }
    }

    public void Dispose() => _http.Dispose();

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            if (body.Length + read > MaxBytes)
            {
                throw new AcmeException($"The CA answered with more than {MaxBytes} bytes.");
            }

            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var header = response.Headers.RetryAfter;
        var after = header?.Delta ?? (header?.Date - _time.GetUtcNow());
        return after is null ? null : after < TimeSpan.Zero ? TimeSpan.Zero : after > LongestRetryAfter ? LongestRetryAfter : after;
    }
}

/// <summary>One answer of the CA, whole.</summary>
internal sealed record AcmeReply(int Status, byte[] Body, Uri? Location, string? Nonce, TimeSpan? RetryAfter)
{
    public bool IsGood => Status is >= 200 and < 300;
}
