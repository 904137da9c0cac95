using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway;

public static class GatewayLimitsServices
{
    /// <summary>Adds <see cref="IAdmission"/> and <c>ConnectionLimiter</c> over <see cref="LimitsOptions"/>.</summary>
    public static IServiceCollection AddGatewayLimits(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddOptions<LimitsOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<LimitsOptions>, LimitsOptionsValidator>());
        services.TryAddSingleton<GatewayRefusalMetrics>();
        services.TryAddSingleton<Admission>();
        services.TryAddSingleton<IAdmission>(provider => provider.GetRequiredService<Admission>());
        services.TryAddSingleton<IFailurePenalty>(provider => provider.GetRequiredService<Admission>());
        services.TryAddSingleton<ConnectionLimiter>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, OpenFileLimit>());
        return services;
    }
}
