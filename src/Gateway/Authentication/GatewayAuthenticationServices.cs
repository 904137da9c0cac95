using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway;

public static class GatewayAuthenticationServices
{
    /// <summary>
    /// Adds <see cref="ICallerAuthenticator"/> over <see cref="AttestationOptions"/>. Needs <c>AddGatewayLimits</c> and
    /// <see cref="MeshGrains.Grains.IJoinTokenService"/>; takes <see cref="TimeProvider"/> from the services when it is there.
    /// </summary>
    public static IServiceCollection AddGatewayAuthentication(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<AttestationOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AttestationOptions>, AttestationOptionsValidator>());
        services.TryAddSingleton<KubernetesSourceFactory>();
        services.TryAddSingleton(provider => provider.GetRequiredService<KubernetesSourceFactory>()
            .Make(provider.GetRequiredService<IOptions<AttestationOptions>>().Value));
        services.TryAddSingleton<KubernetesTokenVerifier>();
        services.TryAddSingleton<JoinTokenAuthenticator>();
        services.TryAddSingleton<SvidAuthenticator>();
        services.TryAddSingleton<ICallerAuthenticator, CallerAuthenticator>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, KeyWarmup>());
        return services;
    }
}
