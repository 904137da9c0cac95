using MeshGrains.Gateway;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Keys;
using Microsoft.Extensions.Logging.Console;

namespace MeshGrains.Silo;

/// <summary>Everything in a silo but its grain host: options, keys, stores, grains' services, gateway, telemetry.</summary>
internal static class SiloServices
{
    /// <summary>Binds every section; validation comes with each section's own validator.</summary>
    public static void BindOptions(IServiceCollection services, IConfiguration configuration, MeshConfiguration mesh, string? adminSocket)
    {
        services.Configure<TrustDomainOptions>(options =>
        {
            (options.Name, options.Cluster, options.Silo) = (mesh.TrustDomain, mesh.Cluster, mesh.Silo);
            options.Issues = SiloRoles.Of(mesh).Issuer;
            options.TakesRelayedCalls = mesh.Relay.Listen.Length > 0;
        });
        services.Configure<CaOptions>(configuration.GetSection("ca"));
        services.Configure<SvidOptions>(configuration.GetSection("svid"));
        services.Configure<RotationOptions>(configuration.GetSection("rotation"));
        services.Configure<HomeOptions>(configuration.GetSection("home"));
        services.Configure<AuthorityOptions>(configuration.GetSection("authority"));
        services.Configure<JwtOptions>(configuration.GetSection("jwt"));
        services.Configure<DenialOptions>(configuration.GetSection("denials"));
        services.Configure<RevocationOptions>(configuration.GetSection(RevocationOptions.Section));
        services.Configure<AttestationOptions>(configuration.GetSection("attestation"));
        services.Configure<LimitsOptions>(configuration.GetSection("limits"));
        services.Configure<AgentsOptions>(configuration.GetSection("agents"));
        services.Configure<NodeAttestationOptions>(configuration.GetSection(NodeAttestationOptions.Section));
        services.Configure<FederationOptions>(configuration.GetSection(FederationOptions.Section));
        services.Configure<GatewayOptions>(configuration.GetSection("gateway"));
        services.Configure<RelayOptions>(configuration.GetSection("relay"));
        if (adminSocket is not null)
        {
            services.PostConfigure<GatewayOptions>(options => options.AdminSocket = options.AdminSocket.Length == 0 ? adminSocket : options.AdminSocket);
        }
    }

    public static void Add(
        IServiceCollection services, MeshConfiguration mesh, DataDirectory data, FileSiloBootstrap bootstrap, ClusterIdentity? cluster, TimeSpan drainDelay)
    {
        var roles = SiloRoles.Of(mesh);
        services.AddSingleton(roles);
        services.PostConfigure<GatewayOptions>(options => options.DrainDelay ??= drainDelay);
        services.AddSingleton<SiloFate>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Drain>(provider, drainDelay));
        services.AddSingleton<IReadinessCheck>(provider => provider.GetRequiredService<Drain>());
        services.AddHostedService(provider => provider.GetRequiredService<Drain>());
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<BootstrapRenewal>(
            provider, bootstrap, new BootstrapIdentity(mesh.TrustDomain, mesh.Silo, roles)));
        services.AddSingleton(data);
        services.AddSingleton<ISiloBootstrap>(bootstrap);
        services.AddSingleton<IRelayCredentials>(bootstrap);
        AddKeys(services, mesh, data);
        services.AddSingleton(UpstreamRules.Open(mesh.Upstream));
        services.AddSingleton<IMemberSiloAnchors>(new MemberSiloAnchors(mesh.TrustDomain));
        if (cluster is not null)
        {
            services.AddSingleton<IClusterCredentials>(cluster);
            if (mesh.Home.IsElsewhere)
            {
                services.AddMeshHomeLink();
            }
        }

        services.AddMeshGrains();
        GrainHost.AddStorage(services, mesh, data);
        services.AddSingleton<IServingCertificateStore, FileServingCertificateStore>();
        services.AddSingleton<TrustBundleFiles>();
        services.AddSingleton<IReadinessCheck>(provider => provider.GetRequiredService<TrustBundleFiles>());
        services.AddHostedService(provider => provider.GetRequiredService<TrustBundleFiles>());
        AddPublishing(services, mesh);
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<ConfiguredTemplates>(
            provider, (IReadOnlyList<TemplateOptions>)[.. mesh.Templates], mesh.TrustDomain, provider.GetRequiredService<RecordKeyRing>().Ready));
        services.AddMeshGateway(issues: roles.Issuer);
        services.AddMeshIssuerFallback();
        services.AddMeshFederation();
        services.AddHostedService(_ => new OtlpExport(mesh.Telemetry, mesh.Silo));
    }

    private static void AddPublishing(IServiceCollection services, MeshConfiguration mesh)
    {
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<BundlePublisher>(
            provider, BundleTargets.Make(mesh, provider.GetRequiredService<TimeProvider>()), mesh.Silo, mesh.Publish.Recheck));
        services.AddSingleton<PublishingInstruments>();
        services.AddSingleton<IBundlePublications>(provider => provider.GetRequiredService<BundlePublisher>());
        if (!mesh.Publish.HasOutputs)
        {
            return;
        }

        services.AddSingleton<IReadinessCheck>(provider => provider.GetRequiredService<BundlePublisher>());
        services.AddHostedService(provider =>
        {
            _ = provider.GetRequiredService<PublishingInstruments>();
            return provider.GetRequiredService<BundlePublisher>();
        });
    }

    /// <summary>The key manager, opened when it is first asked for.</summary>
    public static void AddKeys(IServiceCollection services, MeshConfiguration mesh, DataDirectory data) =>
        services.AddSingleton(provider => KeyManagers.Open(
            mesh.Keys.Uri,
            new KeyManagerOptions
            {
                DataDirectory = data.Path,
                TrustedRootsPem = mesh.Keys.TrustedRootsFile.Length == 0 ? null : File.ReadAllText(mesh.Keys.TrustedRootsFile),
            },
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>()));

    public static void AddLogging(ILoggingBuilder logging, TelemetryOptions telemetry)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(telemetry.LogLevel);

        // The frameworks' own voices count from Warning on, unless someone is looking for something.
        var frameworks = telemetry.LogLevel == LogLevel.Information ? LogLevel.Warning : telemetry.LogLevel;
        foreach (var category in new[] { "Microsoft", "System", "Orleans" })
        {
            logging.AddFilter(category, frameworks);
        }

        // Notes on the machine that an operator can do nothing about: the collector is chosen for memory, and the watchdog counts sleep as a stall.
        logging.AddFilter("Orleans.Runtime.Silo", LogLevel.Error);
        logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);

        if (telemetry.LogFormat == "json")
        {
            logging.AddJsonConsole(options => (options.UseUtcTimestamp, options.TimestampFormat) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ"));
        }
        else
        {
            logging.AddSimpleConsole(options =>
            {
                options.SingleLine = true;
                options.UseUtcTimestamp = true;
                options.TimestampFormat = "HH:mm:ss.fff ";
                options.ColorBehavior = LoggerColorBehavior.Default;
            });
        }

        // Everything a program may want to read of stdout is the banner; the log goes to stderr.
        logging.Services.Configure<ConsoleLoggerOptions>(options =>
        {
            options.LogToStandardErrorThreshold = LogLevel.Trace;

            // Audit and refusals go through here: a line is waited for, never dropped. What outsiders can cause is bounded where it is written
            // (LineBudget), so only a reader of stderr that stands still fills the queue, and then standing still beats changes that nobody hears of.
            options.QueueFullMode = ConsoleLoggerQueueFullMode.Wait;
        });
    }
}
