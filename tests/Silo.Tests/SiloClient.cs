using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using MeshGrains.Identity;
using MeshGrains.Rpc;

namespace MeshGrains.Silo.Tests;

/// <summary>Calls a silo from outside: its gateway over TLS, its operations listener, and the local operator's socket.</summary>
internal abstract class SiloClient : IAsyncDisposable
{
    public const string Source = "prod";
    public const string TrustDomain = "test.mesh";

    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    protected SiloClient(string data, Uri gateway, Uri operations, string adminSocket)
    {
        (Data, Gateway, Operations) = (data, gateway, operations);
        Admin = new HttpClient(OverSocket(adminSocket)) { BaseAddress = new Uri("http://localhost") };
    }

    public string Data { get; }

    public Uri Gateway { get; }

    public Uri Operations { get; }

    /// <summary>Over the local operator's socket.</summary>
    public HttpClient Admin { get; }

    /// <summary>The path of the SVID that the gateway serves under.</summary>
    protected virtual string GatewayPath => "/meshgrains/gateway";

    public string BundlePath => Path.Combine(Data, "bundle.pem");

    /// <summary>The published bundle: also that of an earlier start, while this one has no CA yet.</summary>
    private SpiffeBundle Bundle =>
        SpiffeBundle.TryRead(File.ReadAllBytes(Path.Combine(Data, "bundle.json")), Identity.TrustDomain.Parse(TrustDomain), out var bundle, out var error)
            ? bundle
            : throw new InvalidOperationException(error);

    /// <summary>Waits until /readyz says yes, which includes the first template's arrival through the first read of it.</summary>
    public async Task ReadyAsync(bool withTemplates = true)
    {
        using var client = new HttpClient { BaseAddress = Operations };
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            using var response = await client.GetAsync("/readyz");
            if (response.IsSuccessStatusCode && (!withTemplates || await TemplatesArrivedAsync()))
            {
                return;
            }

            Assert.False(patience.IsCancellationRequested, $"It was never ready: {await response.Content.ReadAsStringAsync()}");
            await Task.Delay(20);
        }
    }

    /// <summary>The answer of /readyz on the operations listener, which names its reasons.</summary>
    public async Task<(HttpStatusCode Status, string Report)> ReadinessAsync()
    {
        using var client = new HttpClient { BaseAddress = Operations };
        using var response = await client.GetAsync("/readyz");
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Waits until /readyz refuses with these words and returns the whole report.</summary>
    public async Task<string> NotReadyAsync(string words)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var (status, report) = await ReadinessAsync();
            if (status == HttpStatusCode.ServiceUnavailable && report.Contains(words, StringComparison.Ordinal))
            {
                return report;
            }

            Assert.False(patience.IsCancellationRequested, $"/readyz never said '{words}': {report}");
            await Task.Delay(20);
        }
    }

    /// <summary>A gRPC channel over TLS that trusts the silo's own bundle, with a client certificate when given.</summary>
    public RpcChannel Channel(SslStreamCertificateContext? client = null) => new(Gateway, new RpcChannelOptions { Tls = ClientTls(client) });

    public HttpClient Rest(SslStreamCertificateContext? client = null) =>
        new(new SocketsHttpHandler { SslOptions = ClientTls(client) }) { BaseAddress = Gateway };

    /// <summary>POST /v1/svids for a fresh P-256 key; the answer, and the certificate with its key when it was issued.</summary>
    public async Task<(HttpStatusCode Status, JsonNode Body, SslStreamCertificateContext? Svid)> FetchAsync(
        string? token, SslStreamCertificateContext? client = null, string? idempotencyKey = null, int? ttlSeconds = null)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rest = Rest(client);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/svids")
        {
            Content = JsonContent.Create(new { csr = Csr(key), ttlSeconds }),
        };
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        using var response = await rest.SendAsync(request);
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        if (!response.IsSuccessStatusCode)
        {
            return (response.StatusCode, body, null);
        }

        using var bare = X509Certificate2.CreateFromPem((string)body["certificate"]!);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem((string)body["chain"]!);
        return (response.StatusCode, body, SslStreamCertificateContext.Create(bare.CopyWithPrivateKey(key), chain, offline: true));
    }

    public static string Csr(ECDsa key) => new CertificateRequest("", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();

    /// <summary>Makes an entry for join tokens and a token for it.</summary>
    public async Task<string> JoinTokenAsync(string spiffeId)
    {
        var entry = await PostAsync("/v1/entries", new { spiffeId });
        return (string)(await PostAsync("/v1/join-tokens", new { entryId = (string)entry["id"]! }))["token"]!;
    }

    /// <summary>Posts as clients are told to: what is unavailable is asked for again, as while a cluster changes its members.</summary>
    public async Task<JsonNode> PostAsync(string path, object body)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            using var response = await Admin.PostAsJsonAsync(path, body);
            var text = await response.Content.ReadAsStringAsync();
            if (response.StatusCode != HttpStatusCode.ServiceUnavailable || patience.IsCancellationRequested)
            {
                Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {text}");
                return JsonNode.Parse(text)!;
            }

            await Task.Delay(50);
        }
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        using var response = await Admin.GetAsync(path);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    public virtual ValueTask DisposeAsync()
    {
        Admin.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Whether the templates that the configuration brings have arrived.</summary>
    protected virtual Task<bool> TemplatesArrivedAsync() => Task.FromResult(true);

    private SslClientAuthenticationOptions ClientTls(SslStreamCertificateContext? client) => new()
    {
        TargetHost = "localhost",
        ClientCertificateContext = client,
        RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
        {
            var intermediates = chain!.ChainElements.Skip(1).Select(element => (ReadOnlyMemory<byte>)element.Certificate.RawData).ToList();
            intermediates.AddRange(chain.ChainPolicy.ExtraStore.Select(extra => (ReadOnlyMemory<byte>)extra.RawData));
            var validation = X509SvidValidator.Validate(
                ((X509Certificate2)certificate!).RawData, intermediates, Bundle, DateTimeOffset.UtcNow);
            return validation.IsValid && validation.Id.Path == GatewayPath;
        },
    };

    private static SocketsHttpHandler OverSocket(string path) => new()
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };
}
