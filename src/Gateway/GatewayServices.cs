using MeshGrains.Gateway.Acme;
using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Agents;
using MeshGrains.Gateway.Clusters;
using MeshGrains.Gateway.Federation;
using MeshGrains.Gateway.Health;
using MeshGrains.Gateway.Istio;
using MeshGrains.Gateway.Metrics;
using MeshGrains.Gateway.OpenId;
using MeshGrains.Gateway.Relay;
using MeshGrains.Gateway.Rest;
using MeshGrains.Gateway.Revocation;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Rpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway;

/// <summary>Puts the gateway into a host.</summary>
public static class GatewayServices
{
    /// <summary>
    /// Adds the gateway with its listeners. The host brings <see cref="IIssuanceService"/>, <see cref="IJwtIssuanceService"/>, <see cref="IIssuanceLog"/>, <see cref="IGatewayCertificateIssuer"/>,
    /// <see cref="IRegistrationStore"/>, <see cref="IAgentDirectory"/>, <see cref="IJoinTokenService"/>, <c>IGrainFactory</c>, <see cref="TrustDomainOptions"/>, and binds <see cref="GatewayOptions"/>,
    /// <see cref="AttestationOptions"/> and <see cref="LimitsOptions"/>. Further <see cref="IReadinessCheck"/> services join <c>/readyz</c>.
    /// </summary>
    /// <param name="services">Where it goes.</param>
    /// <param name="issues">False where no issuing CA is ever to be had: readiness does not wait for one then.</param>
    public static IServiceCollection AddMeshGateway(this IServiceCollection services, bool issues = true)
    {
        services.AddGatewayFront();
        services.AddGatewayAuthentication();
        services.AddSingleton<IClientTrust, IssuanceTrust>();
        services.AddSingleton<RelayedClients>();
        services.AddSingleton(MakeServingCertificate);
        services.AddAgents();
        services.AddSingleton<CallIntake>();
        services.AddSingleton<CreateCertificateHandler>();

        services.TryAddSingleton<IOperatorDenials, OperatorDenials>();
        services.AddSingleton<OperatorAuthorizer>();
        services.AddSingleton<Audit>();
        services.AddSingleton<AdminContext>();
        services.AddSingleton<LogCheck>();
        services.AddAuthorityApi();
        OpenApi.Add(services);

        services.AddSingleton<IReadinessCheck, LogReadiness>();
        if (issues)
        {
            services.AddSingleton<IReadinessCheck, IssuanceReadiness>();
            services.AddSingleton<IReadinessCheck>(provider => provider.GetRequiredService<ServingCertificate>());
        }

        services.AddSingleton<RpcHealth>();
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<ServingCertificate>());
        services.AddHostedService<HealthReporter>();
        return services;
    }

    /// <summary>What stands before the calls in a silo's gateway and in one that runs apart: listeners, TLS, limits, both ends of relay links.</summary>
    internal static IServiceCollection AddGatewayFront(this IServiceCollection services)
    {
        services.AddOptions<GatewayOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<GatewayOptions>, GatewayOptionsValidator>();
        services.AddSingleton<MeshScope>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IRandomSource, SystemRandomSource>();
        services.AddGatewayLimits();
        services.AddRelayEnds();
        services.AddFederationEndpoint();
        services.AddRouting();
        services.AddMetrics();

        services.AddSingleton<GatewayEndpoints>();
        services.AddSingleton<ClientCertificateCheck>();
        services.AddSingleton<ServingTls>();
        services.AddSingleton<KestrelSetup>();
        services.AddSingleton<IConfigureOptions<KestrelServerOptions>>(provider => provider.GetRequiredService<KestrelSetup>());
        services.AddSingleton<IConfigureOptions<SocketTransportOptions>>(provider => provider.GetRequiredService<KestrelSetup>());
        services.AddSingleton<RefusalLog>();
        services.Configure<JsonOptions>(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, RestJson.Default));
        services.AddSingleton<PrometheusCollector>();
        return services;
    }

    /// <summary>Maps every API. Call it once, before any middleware of the host's own.</summary>
    public static WebApplication MapMeshGateway(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var services = app.Services;
        // Counting starts before the first connection.
        services.GetRequiredService<PrometheusCollector>();
        app.UseMiddleware<FederationIntake>();
        app.UseMiddleware<AcmeIntake>();
        app.UseMiddleware<RelayIntake>();
        app.UseMiddleware<EndpointGuard>();
        app.UseMiddleware<IssuerFallback>();

        var certificates = services.GetRequiredService<CreateCertificateHandler>();
        app.MapGrpcUnary(
                CreateCertificateHandler.Path, Rpc.Istio.IstioCertificateRequest.Parser, certificates.HandleAsync,
                new RpcMethodOptions { MaxReceiveMessageBytes = CreateCertificateHandler.MaxMessageBytes })
            .WithMetadata(Access.Grpc, RelayedWithoutIssuer.Instance);
        var grpc = app.MapGroup("").WithMetadata(Access.Grpc);
        grpc.MapGrpcHealth(services.GetRequiredService<RpcHealth>());
        // For anyone: the contracts are published anyway, and grpcurl needs no files then.
        grpc.MapGrpcReflection();

        app.MapAgents();
        app.MapAuthorityApi();
        Resource<BundleEndpoints>(services).Map(app);
        Resource<OpenIdEndpoints>(services).Map(app);
        if (services.GetService<ICrlSource>() is not null)
        {
            Resource<CrlEndpoints>(services).Map(app);
        }

        Resource<EntryEndpoints>(services).Map(app);
        Resource<EntryBatchEndpoints>(services).Map(app);
        Resource<TemplateEndpoints>(services).Map(app);
        Resource<JoinTokenEndpoints>(services).Map(app);
        Resource<SvidEndpoints>(services).Map(app);
        Resource<AuthorityEndpoints>(services).Map(app);
        Resource<RotationEndpoints>(services).Map(app);
        Resource<UpstreamEndpoints>(services).Map(app);
        Resource<JwtAuthorityEndpoints>(services).Map(app);
        Resource<IssuanceEndpoints>(services).Map(app);
        Resource<DenialEndpoints>(services).Map(app);
        Resource<AgentEndpoints>(services).Map(app);
        Resource<FederationEndpoints>(services).Map(app);
        Resource<StatusEndpoints>(services).Map(app);
        Resource<TrustEndpoints>(services).Map(app);
        Resource<ClusterEndpoints>(services).Map(app);
        OpenApi.Map(app);
        Resource<RelayEndpoints>(services).Map(app);
        Resource<HealthEndpoints>(services).Map(app);
        return app;
    }

    private static ServingCertificate MakeServingCertificate(IServiceProvider services)
    {
        var issuer = services.GetRequiredService<IGatewayCertificateIssuer>();
        return ActivatorUtilities.CreateInstance<ServingCertificate>(services, services.GetService<RelayedCertificateIssuer>() is { } elsewhere
            ? new FallbackCertificateIssuer(issuer, elsewhere, services.GetRequiredService<OwnIssuer>())
            : issuer);
    }

    private static T Resource<T>(IServiceProvider services) => ActivatorUtilities.CreateInstance<T>(services);
}
