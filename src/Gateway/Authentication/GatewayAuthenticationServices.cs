using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Gateway;

public static class GatewayAuthenticationServices
{
    /// <summary>
    /// Adds <see cref="ICallerAuthenticator"/> over <see cref="AttestationOptions"/>. Needs <c>AddGatewayLimits</c>, a
    /// <see cref="TimeProvider"/> and <see cref="MeshGrains.Grains.IJoinTokenService"/>.
    /// </summary>
    public static IServiceCollection AddGatewayAuthentication(this IServiceCollection services)
    {
        services.AddOptions<AttestationOptions>().ValidateOnStart();
        return services;
    }
}
