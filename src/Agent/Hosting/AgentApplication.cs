using System.Net;
using System.Net.Sockets;
using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Health;
using MeshGrains.Agent.Outputs;
using MeshGrains.Agent.Sds;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.WorkloadApi;
using MeshGrains.Agent.Workloads;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace MeshGrains.Agent.Hosting;

/// <summary>One agent, from its configuration to its end.</summary>
internal sealed class AgentApplication : IAsyncDisposable
{
    private const int MaxBundleBytes = 1024 * 1024;

    /// <summary>Streams are told at once; what has not ended by then is cut.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(5);

    private readonly WebApplication _application;
    private readonly AgentConfiguration _options;

    private AgentApplication(WebApplication application, AgentConfiguration options) => (_application, _options) = (application, options);

    public IServiceProvider Services => _application.Services;

    /// <param name="configuration">All of it.</param>
    /// <param name="proc">Where the kernel tells of processes; tests put their own words there.</param>
    /// <exception cref="ConfigurationException">The configuration or the trust bundle cannot be used.</exception>
    public static AgentApplication Build(IConfiguration configuration, string proc = "/proc")
    {
        var options = AgentConfigurationCheck.Bind(configuration);
        var states = DomainConfigurations.Of(options).Select((domain, number) => (Options: domain, State: StateOf(domain, AliasCheck.Prefix(number)))).ToList();
        RequireApart([.. states.Select(pair => pair.State)]);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        AddLogging(builder.Logging, options.Log);
        AddServices(builder.Services, options, states, proc);
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
        var application = builder.Build();
        Map(application);
        return new AgentApplication(application, options);
    }

    public Task StartAsync(CancellationToken cancellationToken) => _application.StartAsync(cancellationToken);

    public async Task RunAsync(TextWriter output, CancellationToken cancellationToken)
    {
        await StartAsync(cancellationToken);
        await output.WriteLineAsync($"meshgrains-agent serves {string.Join(" and ", DomainConfigurations.Of(_options).Select(domain => domain.TrustDomain))} on unix://{_options.Socket}");
        await _application.WaitForShutdownAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        var socket = Services.GetRequiredService<WorkloadSocket>();
        await _application.StopAsync();
        socket.Remove();
        await _application.DisposeAsync();
    }

    private static AgentState StateOf(AgentConfiguration domain, string prefix)
    {
        var trustDomain = TrustDomain.Parse(domain.TrustDomain);
        return new AgentState(trustDomain, ReadBundle(domain.ControlPlane.TrustBundle, trustDomain, prefix));
    }

    /// <summary>A root of two trust domains could sign for either in the other's name.</summary>
    private static void RequireApart(IReadOnlyList<AgentState> states)
    {
        for (var i = 1; i < states.Count; i++)
        {
            var known = states.Take(i).SelectMany(state => state.Current.OwnBundle!.Bundle.X509Authorities);
            if (states[i].Current.OwnBundle!.Bundle.X509Authorities.Any(root => known.Any(other => other.Der.Span.SequenceEqual(root.Der.Span))))
            {
                throw new ConfigurationException([
                    $"{AliasCheck.Prefix(i)}controlPlane.trustBundle holds a root that another trust domain's has too; give each trust domain its own (meshctl bundle show)."]);
            }
        }
    }

    private static TrustBundle ReadBundle(string file, TrustDomain trustDomain, string prefix)
    {
        try
        {
            if (new FileInfo(file).Length > MaxBundleBytes)
            {
                throw new ConfigurationException([$"{prefix}controlPlane.trustBundle: {file} is larger than {MaxBundleBytes} bytes."]);
            }

            return PemBundle.TryRead(File.ReadAllText(file), out var roots, out var error)
                ? new TrustBundle(new SpiffeBundle(trustDomain).WithX509Authorities(roots.Select(root => root.Der)), 0)
                : throw new ConfigurationException([$"{prefix}controlPlane.trustBundle: {file}: {error}"]);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException([$"{prefix}controlPlane.trustBundle: {failure.Message}"]);
        }
    }

    private static void AddServices(IServiceCollection services, AgentConfiguration options, List<(AgentConfiguration Options, AgentState State)> states, string proc)
    {
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<IJitter, SystemJitter>();
        services.AddSingleton<AgentMetrics>();
        services.AddSingleton(new Accounts());
        services.AddSingleton(provider => new UnixAttestor(options.Workloads, provider.GetRequiredService<Accounts>(), proc));
        services.AddSingleton<WorkloadSocket>();
        services.AddWorkloadAttestors(options.Workloads, proc);
        services.AddSingleton<CallerSource>();
        services.AddSingleton<WorkloadStreams>();
        services.AddSingleton<X509Handlers>();
        services.AddSingleton<JwtHandlers>();
        services.AddSingleton<SdsHandlers>();
        services.AddSingleton<StreamsEnd>();
        services.AddSingleton<RpcHealth>();
        services.AddSingleton<AgentHealthReport>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        services.AddRoutingCore();
        services.AddMemberships(states);
        services.AddHostedService<OutputWriter>();
        services.AddHostedService<HealthReporter>();
        services.AddOptions<SocketTransportOptions>().Configure<WorkloadSocket>((transport, socket) =>
        {
            var others = transport.CreateBoundListenSocket;
            transport.CreateBoundListenSocket = endPoint => endPoint is UnixDomainSocketEndPoint unix ? socket.Bind(unix) : others(endPoint);
        });
    }

    private static void Listen(KestrelServerOptions kestrel, AgentConfiguration options)
    {
        kestrel.AddServerHeader = false;
        kestrel.AllowAlternateSchemes = true;
        kestrel.Limits.MaxRequestBodySize = 1024 * 1024;
        kestrel.Limits.Http2.MaxStreamsPerConnection = options.Workloads.MaxStreamsPerConnection;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.ListenUnixSocket(options.Socket, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            var socket = kestrel.ApplicationServices.GetRequiredService<WorkloadSocket>();
            listen.Use(socket.Guard);
        });
        if (options.OperationsListen.Length > 0)
        {
            kestrel.Listen(IPEndPoint.Parse(options.OperationsListen), listen => listen.Protocols = HttpProtocols.Http1);
        }
    }

    private static void Map(WebApplication app)
    {
        var services = app.Services;

        // What is for workloads needs a process behind it, and what is for operators answers on its own listener alone.
        app.Use(async (http, next) =>
        {
            var onSocket = http.Features.Get<PeerProcess>() is not null;
            if (onSocket != (http.GetEndpoint()?.Metadata.GetMetadata<OperationsOnly>() is null))
            {
                http.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }

            await next(http);
        });
        WorkloadApiEndpoints.Map(app, services.GetRequiredService<X509Handlers>(), services.GetRequiredService<JwtHandlers>());
        SdsEndpoints.Map(app, services.GetRequiredService<SdsHandlers>());
        app.MapGrpcHealth(services.GetRequiredService<RpcHealth>());
        app.MapGrpcReflection();
        app.MapGrpcUnimplemented();
        OperationsEndpoints.Map(app, services.GetRequiredService<AgentHealthReport>(), services.GetRequiredService<AgentMetrics>());
    }

    private static void AddLogging(ILoggingBuilder logging, LogOptions options)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(options.Level);
        var frameworks = options.Level == LogLevel.Information ? LogLevel.Warning : options.Level;
        logging.AddFilter("Microsoft", frameworks);
        logging.AddFilter("System", frameworks);
        if (options.Format == "json")
        {
            logging.AddJsonConsole(console => (console.UseUtcTimestamp, console.TimestampFormat) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ"));
        }
        else
        {
            logging.AddSimpleConsole(console => (console.SingleLine, console.UseUtcTimestamp, console.TimestampFormat) = (true, true, "HH:mm:ss.fff "));
        }

        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}
