using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>The REST API of one control plane, over its local socket or over TLS.</summary>
internal sealed class ControlPlane : IDisposable
{
    /// <summary>Of a silo's gateway; one that runs apart adds its name. Both are reserved: no entry can give them to a workload.</summary>
    private const string GatewayPath = "/meshgrains/gateway";
    private const int MaxAnswerBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan UsualPatience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly string _place;
    private readonly PeerCheck? _server;

    private ControlPlane(SocketsHttpHandler handler, Uri baseAddress, string place, PeerCheck? server)
    {
        (handler.UseProxy, handler.AllowAutoRedirect, handler.UseCookies) = (false, false, false);
        _http = new HttpClient(handler) { BaseAddress = baseAddress, Timeout = UsualPatience, MaxResponseContentBufferSize = MaxAnswerBytes };
        _place = place;
        _server = server;
    }

    /// <summary>Over the administration socket, as the local operator.</summary>
    public static ControlPlane OverSocket(string path)
    {
        var endPoint = SocketAt(path);
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(endPoint, cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        return new ControlPlane(handler, new Uri("http://localhost"), path, null);
    }

    /// <summary>Over TLS; the server must be the gateway of the bundle's trust domain. With an SVID, as its holder.</summary>
    public static ControlPlane OverTls(Uri server, SpiffeBundle bundle, HeldSvid? client, TimeProvider time)
    {
        var check = new PeerCheck(bundle, SpiffeId.FromPath(bundle.TrustDomain, GatewayPath), time, orNamed: true);
        var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                AllowTlsResume = false,
                ClientCertificateContext = client?.TlsContext,
                CertificateChainPolicy = PeerChain.Undecided(),
                RemoteCertificateValidationCallback = check.Accept,
            },
        };
        return new ControlPlane(handler, server, server.ToString().TrimEnd('/'), check);
    }

    /// <summary>How long an answer may take; to be set before the first question.</summary>
    public TimeSpan Patience
    {
        get => _http.Timeout;
        set => _http.Timeout = value;
    }

    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        => AnswerAsync(new HttpRequestMessage(HttpMethod.Get, path), type, cancellationToken);

    /// <summary>The body as it came.</summary>
    public async Task<string> GetTextAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);
        return await response.Content.ReadAsStringAsync(cancellationToken);
    }

    public Task<T> PostAsync<TBody, T>(
        string path, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> type, CancellationToken cancellationToken, string? bearer = null,
        string? idempotencyKey = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = ContentOf(body, bodyType) };
        if (bearer is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        }

        if (idempotencyKey is not null && !request.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey))
        {
            throw CliException.Usage("The idempotency key is 1 to 64 letters, digits, '-', '_' or '.'.");
        }

        return AnswerAsync(request, type, cancellationToken);
    }

    /// <summary>Puts a record in the place of its <paramref name="revision"/>.</summary>
    public Task<T> PutAsync<TBody, T>(
        string path, long revision, TBody body, JsonTypeInfo<TBody> bodyType, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = ContentOf(body, bodyType) };
        request.Headers.IfMatch.Add(new EntityTagHeaderValue($"\"{revision.ToString(CultureInfo.InvariantCulture)}\""));
        return AnswerAsync(request, type, cancellationToken);
    }

    public async Task DeleteAsync(string path, CancellationToken cancellationToken)
        => (await SendAsync(new HttpRequestMessage(HttpMethod.Delete, path), cancellationToken)).Dispose();

    public Task<T> DeleteAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        => AnswerAsync(new HttpRequestMessage(HttpMethod.Delete, path), type, cancellationToken);

    public void Dispose() => _http.Dispose();

    private static UnixDomainSocketEndPoint SocketAt(string path)
    {
        try
        {
            return new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentException)
        {
            throw CliException.Usage($"'{path}' is too long for a socket's path; about 100 bytes is what the system takes.");
        }
    }

    private static ByteArrayContent ContentOf<T>(T body, JsonTypeInfo<T> type)
        => new(JsonSerializer.SerializeToUtf8Bytes(body, type)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    private async Task<T> AnswerAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(request, cancellationToken);
        try
        {
            return JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(cancellationToken), type)
                ?? throw CliException.Failed($"{_place} answered nothing. Is a MeshGrains control plane there?");
        }
        catch (JsonException failure)
        {
            throw CliException.Failed($"{_place} answered something that is not understood here. Is a MeshGrains control plane there?", failure);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        using (request)
        {
            try
            {
                response = await _http.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException failure)
            {
                throw CliException.Failed(Explain(failure), failure);
            }
            catch (OperationCanceledException failure) when (!cancellationToken.IsCancellationRequested)
            {
                throw CliException.Failed($"{_place} did not answer within {Patience.TotalSeconds:0} s.", failure);
            }
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw CliException.Refused(await ProblemOfAsync(response, cancellationToken));
        }
    }

    private static async Task<ProblemDocument> ProblemOfAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var problem = new ProblemDocument { Detail = $"The control plane answered {(int)response.StatusCode} {response.ReasonPhrase}." };
        if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            try
            {
                problem = JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(cancellationToken), ApiJson.Default.ProblemDocument) ?? problem;
            }
            catch (JsonException)
            {
                // The status alone has to do.
            }
        }

        var wait = response.Headers.RetryAfter?.Delta;
        return problem with { Status = (int)response.StatusCode, RetryAfterSeconds = wait is { } time ? (int)time.TotalSeconds : null };
    }

    private string Explain(HttpRequestException failure)
    {
        if (_server?.Refusal is { } refusal)
        {
            return $"The server at {_place} is not trusted: {refusal}.";
        }

        for (Exception? at = failure; at is not null; at = at.InnerException)
        {
            switch (at)
            {
                case SocketException { SocketErrorCode: SocketError.AccessDenied }:
                    return $"{_place} does not let this user in. The socket serves the user that the silo runs as, and root.";
                case SocketException socket:
                    return $"Nothing answers at {_place} ({socket.Message}). Is the control plane running?";
                case AuthenticationException:
                    return $"The TLS handshake with {_place} failed: {at.InnerException?.Message ?? at.Message}";
                default:
                    continue;
            }
        }

        return $"The connection to {_place} failed: {failure.Message}";
    }
}
