using MeshGrains.Gateway;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Keys;
using MeshGrains.Storage;
using Microsoft.Extensions.Options;

namespace MeshGrains.Silo;

/// <summary>One silo, from its configuration to its end.</summary>
internal sealed class SiloApplication : IAsyncDisposable
{
    /// <summary>For what comes after the drain. A supervisor should wait a little longer than both before it kills.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(30);

    private readonly WebApplication _application;
    private readonly DataDirectory _data;
    private readonly FileSiloBootstrap _bootstrap;
    private readonly MeshConfiguration _mesh;
    private bool _failed;

    private SiloApplication(WebApplication application, DataDirectory data, FileSiloBootstrap bootstrap, MeshConfiguration mesh)
    {
        _application = application;
        _data = data;
        _bootstrap = bootstrap;
        _mesh = mesh;
    }

    /// <exception cref="ConfigurationException">The configuration, the data directory, the key manager, a store or the bootstrap files cannot be used.</exception>
    public static SiloApplication Build(IConfiguration configuration)
    {
        var mesh = Validate(configuration);
        ListenCheck.Require(mesh.Gateway, mesh.Relay, mesh.Federation.Endpoint, mesh.Clustering, mesh.Authority);
        var data = DataDirectory.Open(mesh.Data, mesh.TrustDomain);
        try
        {
            return Build(configuration, mesh, data);
        }
        catch (Exception failure)
        {
            data.Dispose();
            switch (failure)
            {
                case KeyManagerException:
                    throw new ConfigurationException([$"keys.uri: {failure.Message}"]);
                case SqliteSchemaException:
                    throw new ConfigurationException([failure.Message]);
                default:
                    throw;
            }
        }
    }

    private static SiloApplication Build(IConfiguration configuration, MeshConfiguration mesh, DataDirectory data)
    {
        var time = TimeProvider.System;
        var clustered = mesh.Clustering.Redis.Length > 0;
        var identity = new BootstrapIdentity(mesh.TrustDomain, mesh.Silo, SiloRoles.Of(mesh));
        var bootstrapFiles = mesh.Bootstrap.Length > 0 ? Path.GetFullPath(mesh.Bootstrap) : data.Bootstrap;
        BootstrapFiles.Prepare(bootstrapFiles, identity, clustered, new RandomSerialSource(), time.GetUtcNow());
        var bootstrap = FileSiloBootstrap.Open(bootstrapFiles, mesh.TrustDomain, time, certificate => identity.Require(certificate, bootstrapFiles));
        var cluster = ClusterIdentity.Open(mesh, time);
        var drain = mesh.Gateway.DrainDelay ?? (clustered ? Drain.ClusterDefault : TimeSpan.Zero);

        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddConfiguration(configuration);
        SiloServices.AddLogging(builder.Logging, mesh.Telemetry);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = drain + ShutdownTimeout);
        SiloServices.BindOptions(builder.Services, configuration, mesh, mesh.Gateway.AdminSocket.Length > 0 ? null : data.AdminSocket);

        // The grain host goes first: it starts before whatever calls grains, and stops after it.
        GrainHost.Add(builder, mesh, bootstrap, time);
        SiloServices.Add(builder.Services, mesh, data, bootstrap, cluster, drain);
        var application = builder.Build();
        var bootstrapLog = application.Services.GetRequiredService<ILogger<FileSiloBootstrap>>();
        bootstrap.LogTo(bootstrapLog);
        cluster?.LogTo(bootstrapLog);
        application.MapMeshGateway();

        // Opened here at the latest, so that what is wrong with them is told before anything starts.
        _ = application.Services.GetRequiredService<IKeyManager>();
        _ = application.Services.GetRequiredService<IRegistrationStore>();
        _ = application.Services.GetRequiredService<IIssuanceLog>();
        return new SiloApplication(application, data, bootstrap, mesh);
    }

    /// <summary>Binds and validates everything without touching a file, a key or a port.</summary>
    public static MeshConfiguration Validate(IConfiguration configuration)
    {
        var mesh = new MeshConfiguration();
        configuration.Bind(mesh);
        var errors = new List<string>(ClusterRules.Check(mesh).Concat(PublishRules.Check(mesh)).Concat(UpstreamRules.Check(mesh.Upstream)).Concat(SeveralClusters.Check(mesh)));
        if (!KeyManagers.TryValidate(mesh.Keys.Uri, out var keyError))
        {
            errors.Add($"keys.uri: {keyError}");
        }

        if (mesh.Keys.TrustedRootsFile.Length > 0 && !File.Exists(mesh.Keys.TrustedRootsFile))
        {
            errors.Add($"keys.trustedRootsFile: {mesh.Keys.TrustedRootsFile} does not exist.");
        }

        if (mesh.Telemetry.LogFormat is not ("text" or "json"))
        {
            errors.Add($"telemetry.logFormat is '{mesh.Telemetry.LogFormat}'; give text or json.");
        }

        if (mesh.Telemetry.OtlpEndpoint.Length > 0 && !Uri.TryCreate(mesh.Telemetry.OtlpEndpoint, UriKind.Absolute, out _))
        {
            errors.Add($"telemetry.otlpEndpoint is '{mesh.Telemetry.OtlpEndpoint}'; give a URL such as http://127.0.0.1:4317.");
        }

        var sources = mesh.Attestation.Kubernetes.Select(issuer => issuer.Name).Append(RegistrationSources.Any).ToHashSet(StringComparer.Ordinal);
        foreach (var template in mesh.Templates)
        {
            if (!TemplatePattern.TryParse(template.Pattern, mesh.TrustDomain, out _, out var patternError))
            {
                errors.Add($"templates: '{template.Pattern}': {patternError}");
            }

            if (template.X509SvidTtl is { } ttl && (ttl < TimeSpan.FromSeconds(1) || ttl > mesh.Svid.MaxTtl))
            {
                errors.Add($"templates: '{template.Pattern}': x509SvidTtl is {Durations.Format(ttl)}; give a time from 1s to svid.maxTtl ({Durations.Format(mesh.Svid.MaxTtl)}).");
            }

            if (!sources.Contains(template.Source))
            {
                errors.Add($"templates: source '{template.Source}' is none of {string.Join(", ", sources)}. Name one of attestation.kubernetes.");
            }
        }

        if (errors.Count > 0)
        {
            throw new ConfigurationException(errors);
        }

        var services = new ServiceCollection().AddLogging();
        SiloServices.BindOptions(services, configuration, mesh, adminSocket: null);
        services.AddMeshGrains();
        services.AddMeshGateway();
        using var provider = services.BuildServiceProvider();
        try
        {
            provider.GetRequiredService<IStartupValidator>().Validate();
        }
        catch (OptionsValidationException wrong)
        {
            throw new ConfigurationException([.. wrong.Failures]);
        }
        catch (AggregateException many)
        {
            throw new ConfigurationException([.. many.Flatten().InnerExceptions.OfType<OptionsValidationException>().SelectMany(wrong => wrong.Failures).Distinct()]);
        }

        return mesh;
    }

    public IServiceProvider Services => _application.Services;

    /// <summary>What the process should end with: 0, or <see cref="SiloFate.RestartCode"/> when its supervisor should start it again.</summary>
    public int ExitCode => Services.GetRequiredService<SiloFate>().ExitCode;

    /// <summary>Ends when something asks the process to stop.</summary>
    public CancellationToken Stopping => _application.Lifetime.ApplicationStopping;

    /// <summary>Templates that the configuration brings.</summary>
    public int TemplateCount => _mesh.Templates.Count;

    /// <summary>Serves from when this returns; <c>endpoints.json</c> then tells where.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _application.StartAsync(cancellationToken);
        }
        catch
        {
            _failed = true;
            throw;
        }

        var endpoints = Services.GetRequiredService<GatewayEndpoints>();
        if (endpoints.Relay is { } relay)
        {
            Services.GetRequiredService<SiloIdentity>().AnnounceRelay(_mesh.Relay.Advertise.Length > 0 ? _mesh.Relay.Advertise : relay.ToString());
        }

        BoundEndpoints.Write(_data, endpoints, Services.GetRequiredService<SiloEndpoint>().Listen);
    }

    /// <summary>Starts, says so on <paramref name="output"/>, and serves until it is stopped.</summary>
    public async Task RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        await StartAsync(cancellationToken);
        await Banner.ShowAsync(output, _mesh, _data, Services, _application.Lifetime.ApplicationStopping);
        await _application.WaitForShutdownAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _application.StopAsync();
        }
        catch (Exception) when (_failed)
        {
            // What did not start in full does not stop in full; why it did not start is the news.
        }

        await _application.DisposeAsync();
        _bootstrap.Dispose();
        File.Delete(_data.Endpoints);
        _data.Dispose();
    }
}
