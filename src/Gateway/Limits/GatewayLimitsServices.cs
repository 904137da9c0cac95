using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Gateway;

public static class GatewayLimitsServices
{
    /// <summary>Adds <see cref="IAdmission"/> over <see cref="LimitsOptions"/>.</summary>
    public static IServiceCollection AddGatewayLimits(this IServiceCollection services)
    {
        services.AddOptions<LimitsOptions>().ValidateOnStart();
        return services;
    }
}
