using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Federation;

/// <summary>
/// Fetches bundles over HTTP/1.1, each on a connection of its own. Everything that a peer can stretch is bounded: the time in all, redirects, headers, the
/// body, and the memory of all bodies together. Nothing is decompressed and no proxy is asked.
/// </summary>
public sealed class BundleFetcher(IOptions<FederationOptions> options, TimeProvider time) : IBundleFetcher, IDisposable
{
    private const int MaxRedirects = 3;
    private const int MaxHeaderKilobytes = 16;
    private const int MaxAddresses = 4;

    /// <summary>What any fetch may hold. More is for a few at once, so that many peers with long answers cannot fill the memory, and nobody waits for them.</summary>
    private const int FreeBytes = 64 * 1024;

    private const int LargeAtOnce = 8;

    private readonly SemaphoreSlim _large = new(LargeAtOnce);

    public async Task<BundleAnswer> FetchAsync(BundleQuestion question, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(question);
        using var limit = new CancellationTokenSource(options.Value.FetchTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var judge = new EndpointJudge(question, time);
        try
        {
            // From the configured URL each time: where it redirects to is its word of the moment.
            return await FollowAsync(question.Url, judge, both.Token);
        }
        catch (Exception) when (both.IsCancellationRequested)
        {
            return BundleAnswer.Bad("timeout", $"{question.Url.Host} did not answer whole within {options.Value.FetchTimeout.TotalSeconds:0} s.");
        }
        catch (Refused refused)
        {
            return BundleAnswer.Bad(refused.Reason, refused.Message);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or SocketException or AuthenticationException)
        {
            return judge.Refusal is { } refusal
                ? BundleAnswer.Bad("endpoint_identity", $"The endpoint at {question.Url.Host} is not trusted: {refusal}.")
                : BundleAnswer.Bad(ReasonOf(failure), $"{question.Url.Host}: {failure.GetBaseException().Message}");
        }
    }

    public void Dispose() => _large.Dispose();

    private async Task<BundleAnswer> FollowAsync(Uri url, EndpointJudge judge, CancellationToken cancellationToken)
    {
        IPAddress? stated = null;
        for (var redirects = 0; ; redirects++)
        {
            if (FederationRules.CheckUrl(url.OriginalString) is { } wrong)
            {
                throw new Refused("redirect", $"The endpoint redirects to what no bundle endpoint can be. {wrong}");
            }

            IPAddress? reached = null;
            using var client = new HttpMessageInvoker(Handler(judge, stated, address => reached = address));
            using var request = new HttpRequestMessage(HttpMethod.Get, url) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            request.Headers.Accept.ParseAdd("application/json");
            using var response = await client.SendAsync(request, cancellationToken);
            stated ??= reached;
            if ((int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && response.Headers.Location is { } location)
            {
                if (redirects == MaxRedirects)
                {
                    throw new Refused("redirect", $"The endpoint redirects more than {MaxRedirects} times.");
                }

                url = location.IsAbsoluteUri ? location : new Uri(url, location);
                continue;
            }

            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new Refused("http_status", $"{url.Host} answered HTTP {(int)response.StatusCode}.");
            }

            if (response.Content.Headers.ContentEncoding.Count > 0)
            {
                throw new Refused("encoding", $"{url.Host} sent a compressed answer, which was not asked for.");
            }

            return BundleAnswer.Good(await ReadAsync(response, url, cancellationToken));
        }
    }

    private async Task<byte[]> ReadAsync(HttpResponseMessage response, Uri url, CancellationToken cancellationToken)
    {
        var most = options.Value.MaxBundleBytes;
        if (response.Content.Headers.ContentLength > most)
        {
            throw TooLarge(url, most);
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[Math.Min(FreeBytes, most + 1)];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        if (length < buffer.Length)
        {
            return buffer[..length];
        }

        if (length > most)
        {
            throw TooLarge(url, most);
        }

        await _large.WaitAsync(cancellationToken);
        try
        {
            var whole = new byte[most + 1];
            buffer.CopyTo(whole, 0);
            length += await stream.ReadAtLeastAsync(whole.AsMemory(length), whole.Length - length, throwOnEndOfStream: false, cancellationToken);
            return length <= most ? whole[..length] : throw TooLarge(url, most);
        }
        finally
        {
            _large.Release();
        }
    }

    private static SocketsHttpHandler Handler(EndpointJudge judge, IPAddress? redirectFrom, Action<IPAddress> reached) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = MaxHeaderKilobytes,

        // What is not wanted is not read: the connection is closed instead.
        MaxResponseDrainSize = 0,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = await ConnectAsync(context.DnsEndPoint, redirectFrom, reached, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
        SslOptions = judge.Options(),
    };

    private static async Task<Socket> ConnectAsync(DnsEndPoint to, IPAddress? redirectFrom, Action<IPAddress> reached, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(to.Host, cancellationToken);
        Exception? last = null;
        foreach (var address in addresses.Take(MaxAddresses))
        {
            // By the address that is connected to, not by a name that may say something else a moment later.
            if (AddressGuard.Check(address, redirectFrom) is { } forbidden)
            {
                last = new Refused("address", $"{to.Host} is not asked: {forbidden}.");
                continue;
            }

            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, to.Port), cancellationToken);
                reached(address);
                return socket;
            }
            catch (SocketException failure)
            {
                socket.Dispose();
                last = failure;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw last ?? new Refused("unreachable", $"{to.Host} has no address.");
    }

    private static string ReasonOf(Exception failure)
    {
        for (var at = failure; at is not null; at = at.InnerException)
        {
            switch (at)
            {
                case Refused refused:
                    return refused.Reason;
                case HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded }:
                    return "truncated";
                case HttpIOException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } or HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded }:
                    return "headers_too_large";
                case HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse }:
                    return "bad_http";
                case AuthenticationException:
                    return "tls";
                case SocketException:
                    return "unreachable";
                default:
                    continue;
            }
        }

        return "fetch_failed";
    }

    private static Refused TooLarge(Uri url, int most) => new("too_large", $"{url.Host} answered with more than {most} bytes.");

    private sealed class Refused(string reason, string message) : IOException(message)
    {
        public string Reason => reason;
    }
}
