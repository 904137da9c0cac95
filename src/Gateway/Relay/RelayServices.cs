using MeshGrains.Gateway.Acme;
using MeshGrains.Gateway.Federation;
using MeshGrains.Gateway.Health;
using MeshGrains.Gateway.Metrics;
using MeshGrains.Gateway.Relay;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway;

/// <summary>Puts relaying into a host: into a silo, or into a gateway that runs alone.</summary>
public static class RelayServices
{
    /// <summary>
    /// Links to silos, for whoever has no issuing CA, and what comes over them: issuances, the trust bundle, the serving certificate. The host brings
    /// <see cref="IRelayTargets"/> and <see cref="IRelayCredentials"/>, and binds <see cref="RelayOptions"/>.
    /// </summary>
    public static IServiceCollection AddMeshRelayLinks(this IServiceCollection services)
    {
        services.AddSingleton<OwnIssuer>();
        services.AddSingleton<SiloLinkFactory>();
        services.AddSingleton<SiloLinks>();
        services.AddSingleton(provider => new RetryBudget(
            provider.GetRequiredService<IOptions<RelayOptions>>().Value.RetryShare, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<UnaryRelay>();
        services.AddSingleton<SiloCalls>();
        services.AddSingleton<SiloProbe>();
        services.AddSingleton<RelayTrust>();
        services.AddSingleton<RelayedCertificateIssuer>();
        services.AddHostedService(provider => provider.GetRequiredService<SiloProbe>());
        services.AddHostedService(provider => provider.GetRequiredService<RelayTrust>());
        return services;
    }

    /// <summary>
    /// In a silo: while it has no issuing CA, issuances go to the silos of its cluster that have one, and the trust bundle and its serving certificate come
    /// from them. The host brings <see cref="IRelayCredentials"/>.
    /// </summary>
    public static IServiceCollection AddMeshIssuerFallback(this IServiceCollection services)
    {
        services.TryAddSingleton<IRelayTargets, ClusterRelayTargets>();
        return services.AddMeshRelayLinks();
    }

    /// <summary>
    /// Adds a gateway that is no silo: every API is relayed to silos. The host brings <see cref="IRelayCredentials"/> of role <c>gateway</c>, names the trust
    /// domain in <see cref="TrustDomainOptions"/>, and binds <see cref="GatewayOptions"/>, <see cref="LimitsOptions"/>, <see cref="SvidOptions"/> and <see cref="RelayOptions"/>.
    /// </summary>
    public static IServiceCollection AddMeshRelayGateway(this IServiceCollection services)
    {
        services.AddGatewayFront();
        services.AddMeshRelayLinks();
        services.AddSingleton<IRelayTargets, ConfiguredRelayTargets>();
        services.AddSingleton<StreamRelay>();
        services.AddSingleton<IClientTrust>(provider => provider.GetRequiredService<RelayTrust>());
        services.AddSingleton<IGatewayCertificateIssuer>(provider => provider.GetRequiredService<RelayedCertificateIssuer>());
        services.AddSingleton<IReadinessCheck>(provider => provider.GetRequiredService<SiloProbe>());
        services.AddSingleton<IReadinessCheck>(provider => provider.GetRequiredService<RelayTrust>());

        services.AddSingleton<ServingCertificate>();
        services.AddSingleton<IReadinessCheck>(provider => provider.GetRequiredService<ServingCertificate>());
        services.AddSingleton<FrontMetrics>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<ServingCertificate>());
        return services;
    }

    /// <summary>Maps the relay with the process's own probes and metrics.</summary>
    public static WebApplication MapMeshRelayGateway(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        // Counting starts before the first connection.
        app.Services.GetRequiredService<PrometheusCollector>();
        app.Services.GetRequiredService<FrontMetrics>();
        app.UseMiddleware<FederationIntake>();
        app.UseMiddleware<AcmeIntake>();
        app.UseMiddleware<RelayFront>();
        ActivatorUtilities.CreateInstance<HealthEndpoints>(app.Services).Map(app);
        return app;
    }

    /// <summary>Both ends of relay links. What needs a bootstrap certificate is made only when a link is.</summary>
    internal static IServiceCollection AddRelayEnds(this IServiceCollection services)
    {
        services.AddOptions<RelayOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<RelayOptions>, RelayOptionsValidator>();
        services.AddSingleton<RelayMetrics>();
        services.AddSingleton<RelayPeerCheck>();
        services.AddSingleton<RelayTls>();
        services.AddSingleton<RelayListener>();
        return services;
    }
}
