using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Gateway.Acme;
using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Rpc;
using MeshGrains.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Tests.Harness;

/// <summary>The whole gateway on loopback with real TLS, over fakes of what lies behind it.</summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly List<IDisposable> _clients = [];

    private GatewayHost()
    {
        Issuance = new FakeIssuance(TestCa.Create());
        Grains = new FakeGrains(Registrations);
    }

    public FakeIssuance Issuance { get; }

    public FakeJwtIssuance Jwt { get; } = new();

    public JwtOptions JwtOptions { get; } = new();

    public FakeAuthenticator Authenticator { get; } = new();

    public FakeAdmission Admission { get; } = new();

    /// <summary>The gateway's own limits in place of <see cref="Admission"/>.</summary>
    public bool RealLimits { get; set; }

    public TimeSpan ClockSkew { get; set; }

    /// <summary>False for a silo that is to have no issuing CA, an authority alone.</summary>
    public bool Issues { get; set; } = true;

    /// <summary>When set, relayed calls are taken on a listener of their own.</summary>
    public IRelayCredentials? RelayCredentials { get; set; }

    public bool TakesRelayedAdministration { get; set; }

    /// <summary>The bundle endpoint; none unless told.</summary>
    public Action<FederationOptions>? Federation { get; set; }

    /// <summary>Where the endpoint's ACME certificate is kept; none is ordered without.</summary>
    public IAcmeStore? AcmeStore { get; set; }

    /// <summary>Which nodes are admitted; none unless told.</summary>
    public Action<NodeAttestationOptions>? NodeAttestation { get; set; }

    /// <summary>When set, issuances go there while this one has no CA; needs <see cref="RelayCredentials"/>.</summary>
    public IRelayTargets? RelayTargets { get; set; }

    /// <summary>Where relayed calls are taken, <c>host:port</c>.</summary>
    public string RelayAddress => App.Services.GetRequiredService<GatewayEndpoints>().Relay!.ToString();

    public FakeLog Log { get; } = new();

    public FakeRegistrations Registrations { get; } = new();

    public FakeGrains Grains { get; }

    public FakeDenials Denials { get; } = new();

    public FakeAgents Agents { get; } = new();

    public FakeReissues Reissues { get; } = new();

    /// <summary>Revocation lists; none are known of unless told.</summary>
    public FakeCrls? Crls { get; set; }

    public RecordedLogs Logs { get; } = new();

    public WebApplication App { get; private set; } = null!;

    public string AdminSocket => _folder.File("admin.sock");

    public int Port => App.Services.GetRequiredService<GatewayEndpoints>().Gateway!.Port;

    public int OperationsPort => App.Services.GetRequiredService<GatewayEndpoints>().OperationsEndPoint!.Port;

    public static async Task<GatewayHost> StartAsync(Action<GatewayOptions>? configure = null, Action<GatewayHost>? prepare = null, Action<WebApplication>? map = null)
    {
        var host = new GatewayHost();
        prepare?.Invoke(host);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders().AddProvider(host.Logs).SetMinimumLevel(LogLevel.Debug);
        builder.Services.Configure<TrustDomainOptions>(options => options.Name = "mesh.test");
        builder.Services.Configure<SvidOptions>(options => options.ClockSkew = host.ClockSkew);
        builder.Services.AddMeshGateway(host.Issues);
        builder.Services.Configure<GatewayOptions>(options =>
        {
            options.Listen = "127.0.0.1:0";
            options.OperationsListen = "127.0.0.1:0";
            options.AdminSocket = host.AdminSocket;
            options.DnsNames.Add("localhost");
            configure?.Invoke(options);
        });
        builder.Services.AddSingleton<IIssuanceService>(host.Issuance);
        builder.Services.AddSingleton<IGatewayCertificateIssuer>(host.Issuance);
        builder.Services.AddSingleton<IJwtIssuanceService>(host.Jwt);
        builder.Services.AddSingleton(Microsoft.Extensions.Options.Options.Create(host.JwtOptions));
        builder.Services.AddSingleton<ICallerAuthenticator>(host.Authenticator);
        if (!host.RealLimits)
        {
            builder.Services.AddSingleton<IAdmission>(host.Admission);
        }

        if (host.RelayCredentials is { } credentials)
        {
            builder.Services.AddSingleton(credentials);
            builder.Services.Configure<RelayOptions>(options => 
                (options.Listen, options.AttemptTimeout, options.Administration) = ("127.0.0.1:0", TimeSpan.FromSeconds(5), host.TakesRelayedAdministration));
        }

        if (host.NodeAttestation is { } nodes)
        {
            builder.Services.Configure(nodes);
        }

        if (host.Federation is { } federation)
        {
            builder.Services.Configure(federation);
        }

        if (host.AcmeStore is { } acme)
        {
            builder.Services.AddSingleton(acme);
        }

        if (host.RelayTargets is { } targets)
        {
            builder.Services.AddSingleton(targets);
            builder.Services.AddMeshRelayLinks();
        }

        builder.Services.AddSingleton<IIssuanceLog>(host.Log);
        builder.Services.AddSingleton<IRegistrationStore>(host.Registrations);
        builder.Services.AddSingleton<RegistrationChanges>();
        builder.Services.AddSingleton<EntryBatches>();
        builder.Services.AddSingleton<IJoinTokenService>(host.Registrations);
        builder.Services.AddSingleton<IOperatorDenials>(host.Denials);
        builder.Services.AddSingleton<IAgentDirectory>(host.Agents);
        builder.Services.AddSingleton<IReissueOrders>(host.Reissues);
        if (host.Crls is { } crls)
        {
            builder.Services.AddSingleton<ICrlSource>(crls);
        }

        builder.Services.AddSingleton(host.Grains.Factory);
        host.App = builder.Build();
        host.App.MapMeshGateway();
        map?.Invoke(host.App);
        await host.App.StartAsync();
        return host;
    }

    /// <summary>A client of the TLS endpoint that checks the gateway's certificate by name and by the test root.</summary>
    public HttpClient Client(string? clientPath = null, TimeSpan? life = null)
        => Client(clientPath is null ? null : Issuance.Ca.Client(clientPath, life));

    public HttpClient Client((X509Certificate2 Certificate, X509Certificate2Collection Chain)? credentials)
    {
        var client = new HttpClient(new SocketsHttpHandler { SslOptions = Tls(credentials), AllowAutoRedirect = false })
        {
            BaseAddress = new Uri($"https://localhost:{Port}"),
        };
        _clients.Add(client);
        return client;
    }

    public RpcChannel Channel(string? clientPath = null)
    {
        var channel = new RpcChannel(
            new Uri($"https://localhost:{Port}"), new RpcChannelOptions { Tls = Tls(clientPath is null ? null : Issuance.Ca.Client(clientPath)) });
        _clients.Add(channel);
        return channel;
    }

    public HttpClient AdminClient()
    {
        var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(AdminSocket), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        {
            BaseAddress = new Uri("http://localhost"),
        };
        _clients.Add(client);
        return client;
    }

    public HttpClient OperationsClient()
    {
        var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{OperationsPort}") };
        _clients.Add(client);
        return client;
    }

    public SslClientAuthenticationOptions Tls((X509Certificate2 Certificate, X509Certificate2Collection Chain)? credentials)
    {
        var root = X509CertificateLoader.LoadCertificate(Issuance.Ca.Snapshot.Bundle.X509Authorities[0].Der.Span);
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(root);
        return new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            CertificateChainPolicy = policy,
            ClientCertificateContext = credentials is { } given
                ? SslStreamCertificateContext.Create(given.Certificate, given.Chain, offline: true)
                : null,
        };
    }

    public ServingCertificate Serving => App.Services.GetRequiredService<ServingCertificate>();

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        await App.DisposeAsync();
        Jwt.Dispose();
        _folder.Dispose();
    }
}
