using MeshGrains.Gateway.Acme;
using MeshGrains.Gateway.Federation;
using MeshGrains.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway;

/// <summary>Puts federation into a host.</summary>
public static class FederationServices
{
    /// <summary>In a silo: fetches foreign bundles for the relationship grains, and states the configuration's relationships.</summary>
    public static IServiceCollection AddMeshFederation(this IServiceCollection services)
    {
        services.AddSingleton<IBundleFetcher, BundleFetcher>();
        services.AddSingleton<IAcmeStore, GrainAcmeStore>();
        services.AddHostedService<ConfiguredRelationships>();
        return services;
    }

    /// <summary>In every gateway: the endpoint that serves our bundle, where there is to be one.</summary>
    internal static IServiceCollection AddFederationEndpoint(this IServiceCollection services)
    {
        services.AddOptions<FederationOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<FederationOptions>, FederationEndpointValidator>();
        services.AddSingleton<BundleDocument>();
        services.AddSingleton<WebCertificate>();
        services.AddAcme();
        services.AddSingleton<EndpointCertificate>();
        services.AddSingleton<IReadinessCheck>(provider => provider.GetRequiredService<EndpointCertificate>());
        services.AddSingleton<FederationListener>();
        return services;
    }
}
