using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using MeshGrains.Gateway;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Silo.Tests;

/// <summary>A whole silo in this process, on the grain host of the build, with real stores in a folder and free ports.</summary>
internal sealed class RunningSilo : IAsyncDisposable
{
    public const string Source = "prod";
    public const string TrustDomain = "test.mesh";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SiloApplication _application;

    private RunningSilo(SiloApplication application, string data)
    {
        _application = application;
        Data = data;
        var endpoints = Services.GetRequiredService<GatewayEndpoints>();
        Gateway = new Uri($"https://localhost:{endpoints.Gateway!.Port}");
        Operations = new Uri($"http://{endpoints.OperationsEndPoint}");
        Admin = new HttpClient(OverSocket(endpoints.AdminSocket!)) { BaseAddress = new Uri("http://localhost") };
    }

    public string Data { get; }

    public Uri Gateway { get; }

    public Uri Operations { get; }

    /// <summary>Over the local operator's socket.</summary>
    public HttpClient Admin { get; }

    public IServiceProvider Services => _application.Services;

    public string BundlePath => Path.Combine(Data, "bundle.pem");

    /// <summary>Starts with a Kubernetes source named <see cref="Source"/> and its usual template.</summary>
    public static async Task<RunningSilo> StartAsync(string data, KubernetesTokens? tokens = null, params string[] settings)
    {
        var silo = await StartUnreadyAsync(data, tokens, settings);
        await silo.ReadyAsync();
        return silo;
    }

    /// <summary>As <see cref="StartAsync"/>, but does not wait until issuance is ready.</summary>
    public static async Task<RunningSilo> StartUnreadyAsync(string data, KubernetesTokens? tokens = null, params string[] settings)
    {
        var flags = new List<string>
        {
            $"data={data}", $"trustDomain={TrustDomain}", "gateway.listen=127.0.0.1:0", "gateway.operationsListen=127.0.0.1:0", "telemetry.logLevel=Error",
        };
        if (tokens is not null)
        {
            Directory.CreateDirectory(data);
            flags.Add($"attestation.kubernetes.0.name={Source}");
            flags.Add($"attestation.kubernetes.0.issuer={tokens.Issuer}");
            flags.Add($"attestation.kubernetes.0.jwksFile={tokens.WriteJwks(Path.Combine(data, "jwks.json"))}");
            flags.Add($"templates.0.source={Source}");
            flags.Add("templates.0.pattern=spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}");
        }

        flags.AddRange(settings);
        var configuration = ConfigurationLoader.Load(null, [], flags.Select(flag => flag.Split('=', 2)).Select(pair => (pair[0], pair[1], "test")));
        var application = SiloApplication.Build(configuration);
        try
        {
            await application.StartAsync(CancellationToken.None);
            return new RunningSilo(application, data);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until /readyz says yes, which includes the first template's arrival through the first read of it.</summary>
    public async Task ReadyAsync()
    {
        using var client = new HttpClient { BaseAddress = Operations };
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            using var response = await client.GetAsync("/readyz", patience.Token);
            if (response.IsSuccessStatusCode && await TemplatesArrivedAsync())
            {
                return;
            }

            await Task.Delay(20, patience.Token);
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

    public async Task<JsonNode> PostAsync(string path, object body)
    {
        using var response = await Admin.PostAsJsonAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        using var response = await Admin.GetAsync(path);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await _application.DisposeAsync();
    }

    private async Task<bool> TemplatesArrivedAsync()
    {
        var wanted = _application.TemplateCount;
        return wanted == 0 || (await Services.GetRequiredService<IRegistrationStore>().ListTemplatesAsync(TrustDomain, CancellationToken.None)).Count >= wanted;
    }

    private SslClientAuthenticationOptions ClientTls(SslStreamCertificateContext? client) => new()
    {
        TargetHost = "localhost",
        ClientCertificateContext = client,
        RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
        {
            var intermediates = chain!.ChainElements.Skip(1).Select(element => (ReadOnlyMemory<byte>)element.Certificate.RawData).ToList();
            intermediates.AddRange(chain.ChainPolicy.ExtraStore.Select(extra => (ReadOnlyMemory<byte>)extra.RawData));
            var validation = X509SvidValidator.Validate(
                ((X509Certificate2)certificate!).RawData, intermediates, Services.GetRequiredService<IssuerSource>().Current!.Bundle, DateTimeOffset.UtcNow);
            return validation.IsValid && validation.Id.Path == "/meshgrains/gateway";
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
