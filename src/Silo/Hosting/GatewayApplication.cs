using System.Net;
using MeshGrains.Gateway;
using MeshGrains.Gateway.Acme;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Silo;

/// <summary>One gateway in front of silos, from its configuration to its end. No grain host, no store, no key of the mesh.</summary>
internal sealed class GatewayApplication : IAsyncDisposable
{
    /// <summary>For what comes after the drain.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(30);

    private readonly WebApplication _application;
    private readonly DataDirectory _data;
    private readonly FileSiloBootstrap _bootstrap;
    private readonly MeshConfiguration _mesh;

    private GatewayApplication(WebApplication application, DataDirectory data, FileSiloBootstrap bootstrap, MeshConfiguration mesh)
    {
        _application = application;
        _data = data;
        _bootstrap = bootstrap;
        _mesh = mesh;
    }

    public IServiceProvider Services => _application.Services;

    /// <exception cref="ConfigurationException">The configuration, the data directory or the bootstrap files cannot be used.</exception>
    public static GatewayApplication Build(IConfiguration configuration)
    {
        var mesh = Validate(configuration);
        ListenCheck.Require(mesh.Gateway, mesh.Relay, mesh.Federation.Endpoint);
        var data = DataDirectory.Open(mesh.Data, mesh.TrustDomain);
        FileSiloBootstrap? bootstrap = null;
        try
        {
            bootstrap = FileSiloBootstrap.Open(
                mesh.Bootstrap.Length > 0 ? mesh.Bootstrap : data.Bootstrap, mesh.TrustDomain, TimeProvider.System,
                certificate => RequireGateway(certificate, mesh.TrustDomain));
            var drain = mesh.Gateway.DrainDelay ?? Drain.ClusterDefault;
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
            builder.Configuration.Sources.Clear();
            builder.Configuration.AddConfiguration(configuration);
            SiloServices.AddLogging(builder.Logging, mesh.Telemetry);
            builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = drain + ShutdownTimeout);
            Add(builder.Services, configuration, mesh);
            builder.Services.AddSingleton(data);
            builder.Services.AddSingleton<IRelayCredentials>(bootstrap);
            builder.Services.AddSingleton<IServingCertificateStore, FileServingCertificateStore>();
            builder.Services.AddSingleton<IAcmeStore, FileAcmeStore>();
            builder.Services.AddSingleton<SiloFate>();
            builder.Services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Drain>(provider, drain));
            builder.Services.AddSingleton<IReadinessCheck>(provider => provider.GetRequiredService<Drain>());
            builder.Services.AddHostedService(provider => provider.GetRequiredService<Drain>());
            builder.Services.AddHostedService(_ => new OtlpExport(mesh.Telemetry, mesh.Silo));
            builder.Services.PostConfigure<GatewayOptions>(options => TakeNames(options, ((IRelayCredentials)bootstrap).Current));
            var application = builder.Build();
            bootstrap.LogTo(application.Services.GetRequiredService<ILogger<FileSiloBootstrap>>());
            application.MapMeshRelayGateway();
            return new GatewayApplication(application, data, bootstrap, mesh);
        }
        catch
        {
            bootstrap?.Dispose();
            data.Dispose();
            throw;
        }
    }

    /// <summary>Binds and validates everything without touching a file or a port.</summary>
    public static MeshConfiguration Validate(IConfiguration configuration)
    {
        var mesh = new MeshConfiguration();
        configuration.Bind(mesh);
        var errors = new List<string>();
        if (!TrustDomain.TryParse(mesh.TrustDomain, out _, out var error))
        {
            // Nothing else can be judged without it.
            throw new ConfigurationException([$"trustDomain '{mesh.TrustDomain}' is not a SPIFFE trust domain: {error}"]);
        }

        if (mesh.Relay.Silos.Count == 0 && mesh.Relay.SilosFile.Length == 0)
        {
            errors.Add("relay.silos and relay.silosFile are both empty: name the silos' relay addresses, such as --silo silos.mesh.svc:8444.");
        }

        if (mesh.Relay.Listen.Length > 0)
        {
            errors.Add("relay.listen is for silos: a gateway takes no relayed calls. Leave it empty.");
        }

        var services = new ServiceCollection().AddLogging();
        Add(services, configuration, mesh);
        using var provider = services.BuildServiceProvider();
        try
        {
            provider.GetRequiredService<IStartupValidator>().Validate();
        }
        catch (OptionsValidationException wrong)
        {
            errors.AddRange(wrong.Failures);
        }
        catch (AggregateException many)
        {
            errors.AddRange(many.Flatten().InnerExceptions.OfType<OptionsValidationException>().SelectMany(wrong => wrong.Failures).Distinct());
        }

        return errors.Count == 0 ? mesh : throw new ConfigurationException(errors);
    }

    /// <summary>Serves from when this returns; <c>endpoints.json</c> then tells where.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _application.StartAsync(cancellationToken);
        BoundEndpoints.Write(_data, Services.GetRequiredService<GatewayEndpoints>(), silo: null, "none");
    }

    /// <summary>Starts, says so on <paramref name="output"/>, and serves until it is stopped.</summary>
    public async Task RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        await StartAsync(cancellationToken);
        var endpoints = Services.GetRequiredService<GatewayEndpoints>();
        await output.WriteLineAsync($"""

            MeshGrains gateway is up (relays to silos, signs nothing)
              trust domain   {_mesh.TrustDomain}
              gateway        https://{endpoints.Gateway}   gRPC: istio.v1.auth.IstioCertificateService; REST: /v1, /openapi/v1.json
              operations     {(endpoints.OperationsEndPoint is { } operations ? $"http://{operations}   /livez /readyz /metrics" : "off")}
              silos          {string.Join(", ", _mesh.Relay.Silos.Append(_mesh.Relay.SilosFile).Where(silo => silo.Length > 0))}

            Ctrl-C stops.

            """);
        await output.FlushAsync(cancellationToken);
        await _application.WaitForShutdownAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
        _bootstrap.Dispose();
        File.Delete(_data.Endpoints);
        _data.Dispose();
    }

    private static void Add(IServiceCollection services, IConfiguration configuration, MeshConfiguration mesh)
    {
        services.Configure<TrustDomainOptions>(options => (options.Name, options.Cluster, options.Silo) = (mesh.TrustDomain, mesh.Cluster, mesh.Silo));
        services.Configure<SvidOptions>(configuration.GetSection("svid"));
        services.Configure<LimitsOptions>(configuration.GetSection("limits"));
        services.Configure<FederationOptions>(configuration.GetSection(FederationOptions.Section));
        services.Configure<GatewayOptions>(configuration.GetSection("gateway"));
        services.Configure<RelayOptions>(configuration.GetSection("relay"));

        // Nothing is administered here: who administers does it at a silo, through the relay or on its socket.
        services.PostConfigure<GatewayOptions>(options => options.AdminSocket = "");
        services.AddMeshRelayGateway();
    }

    /// <summary>The bootstrap certificate's names are the ones that a silo gives a gateway.</summary>
    private static void TakeNames(GatewayOptions options, RelayIdentity identity)
    {
        if (options.DnsNames.Count == 0)
        {
            foreach (var name in identity.DnsNames.DefaultIfEmpty("localhost"))
            {
                options.DnsNames.Add(name);
            }
        }

        if (options.IpAddresses.Count == 0)
        {
            foreach (var address in identity.IpAddresses.Append(IPAddress.Loopback).Distinct())
            {
                options.IpAddresses.Add(address.ToString());
            }
        }
    }

    private static void RequireGateway(byte[] certificate, string trustDomain)
    {
        var leaf = ParsedCertificate.Read(certificate);
        if (leaf.UriNames is not [var uri] || !SpiffeId.TryParse(uri, out var id, out _)
            || !BootstrapNames.TryReadRelayPeer(id, trustDomain, out var role, out _) || role != BootstrapNames.GatewayRole)
        {
            throw new ConfigurationException(
                [$"The bootstrap certificate is no gateway's of {trustDomain}: it says '{string.Join(", ", leaf.UriNames)}'. 'meshctl bootstrap issue --role gateway' makes one."]);
        }
    }
}
