using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Gateway.Serving;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Tests.Relay;

/// <summary>A gateway in front of silos (each a <see cref="GatewayHost"/> with a relay listener), all in this process, every link real.</summary>
internal sealed class FrontHost : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly List<IDisposable> _clients = [];
    private readonly List<GatewayHost> _silos = [];

    public TestBootstrap Bootstrap { get; } = new();

    public TestCa Ca { get; } = TestCa.Create();

    public TestTargets Targets { get; } = new();

    public RecordedLogs Logs { get; } = new();

    public WebApplication App { get; private set; } = null!;

    public TestRelayCredentials Credentials { get; private set; } = null!;

    public IReadOnlyList<GatewayHost> Silos => _silos;

    public GatewayHost Silo => _silos[0];

    public Uri Address => new($"https://localhost:{App.Services.GetRequiredService<GatewayEndpoints>().Gateway!.Port}");

    public Uri Operations => new($"http://{App.Services.GetRequiredService<GatewayEndpoints>().OperationsEndPoint}");

    /// <summary>Starts silos and the gateway, and waits until it is ready.</summary>
    public static async Task<FrontHost> StartAsync(int silos = 1, Action<RelayOptions>? relay = null, Action<LimitsOptions>? limits = null, params string[] more)
    {
        var front = new FrontHost();
        for (var i = 0; i < silos; i++)
        {
            await front.AddSiloAsync($"silo-{i + 1}");
        }

        front.Targets.Addresses = [.. front._silos.Select(silo => silo.RelayAddress), .. more];
        await front.StartFrontAsync(relay, limits);
        await front.UntilAsync(front.IsReady, "the gateway is ready");
        return front;
    }

    public async Task<GatewayHost> AddSiloAsync(string name, Action<GatewayHost>? prepare = null, Action<GatewayOptions>? configure = null)
    {
        var silo = await GatewayHost.StartAsync(configure, host =>
        {
            host.Issuance.Ca = Ca;
            host.RelayCredentials = Bootstrap.Issue(BootstrapNames.SiloRole, name);
            prepare?.Invoke(host);
        });
        _silos.Add(silo);
        return silo;
    }

    public async Task StartFrontAsync(Action<RelayOptions>? relay = null, Action<LimitsOptions>? limits = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders().AddProvider(Logs).SetMinimumLevel(LogLevel.Debug);
        builder.Services.Configure<TrustDomainOptions>(options => options.Name = "mesh.test");
        builder.Services.AddMeshRelayGateway();
        builder.Services.Configure<GatewayOptions>(options =>
        {
            (options.Listen, options.OperationsListen) = ("127.0.0.1:0", "127.0.0.1:0");
            options.DnsNames.Add("localhost");
        });
        builder.Services.Configure<RelayOptions>(options =>
        {
            options.ProbeInterval = TimeSpan.FromMilliseconds(200);
            relay?.Invoke(options);
        });
        builder.Services.Configure<LimitsOptions>(options => limits?.Invoke(options));
        Credentials = Bootstrap.Issue(BootstrapNames.GatewayRole, "edge-1");
        builder.Services.AddSingleton<IRelayCredentials>(Credentials);
        builder.Services.AddSingleton<IRelayTargets>(Targets);
        App = builder.Build();
        App.MapMeshRelayGateway();
        await App.StartAsync();
    }

    public bool IsReady() => App.Services.GetServices<IReadinessCheck>().All(check => check.NotReadyReason is null);

    public async Task UntilAsync(Func<bool> condition, string what)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
        {
            Assert.False(patience.IsCancellationRequested, $"never: {what}\n{string.Join('\n', Logs.Lines)}");
            await Task.Delay(20);
        }
    }

    public HttpClient Client((X509Certificate2 Certificate, X509Certificate2Collection Chain)? credentials = null, string? from = null)
    {
        var handler = new SocketsHttpHandler { SslOptions = _silos[0].Tls(credentials), AllowAutoRedirect = false };
        if (from is not null)
        {
            handler.ConnectCallback = async (context, cancel) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
                await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            };
        }

        var client = new HttpClient(handler) { BaseAddress = Address };
        _clients.Add(client);
        return client;
    }

    public RpcChannel Channel((X509Certificate2 Certificate, X509Certificate2Collection Chain)? credentials = null)
    {
        var channel = new RpcChannel(Address, new RpcChannelOptions { Tls = _silos[0].Tls(credentials) });
        _clients.Add(channel);
        return channel;
    }

    /// <summary>POST /v1/svids with a fresh key.</summary>
    public static async Task<HttpResponseMessage> IssueAsync(HttpClient client, string? token = "good", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/svids")
        {
            Content = JsonContent.Create(new { csr = Convert.ToBase64String(TestCa.Csr()) }),
        };
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await client.SendAsync(request);
    }

    public async Task<string> MetricsAsync()
    {
        using var client = new HttpClient { BaseAddress = Operations };
        return await client.GetStringAsync("/metrics");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        await App.DisposeAsync();
        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }

        Bootstrap.Dispose();
    }
}
