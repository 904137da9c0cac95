using MeshGrains.Gateway.Clusters;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway;

/// <summary>Puts the links between clusters into a silo. The host brings <see cref="IClusterCredentials"/> where there are any.</summary>
public static class ClusterServices
{
    /// <summary>In a member cluster's silo of role authority, before the grains' own services: the link to its home, and what follows it.</summary>
    public static IServiceCollection AddMeshHomeLink(this IServiceCollection services)
    {
        services.AddSingleton<IHomeCluster, HomeLink>();
        services.AddSingleton<HomeFollower>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<HomeFollower>());
        return services;
    }

    /// <summary>The home's listener; it opens where it is configured.</summary>
    internal static IServiceCollection AddAuthorityApi(this IServiceCollection services)
    {
        services.AddSingleton<IValidateOptions<AuthorityOptions>, AuthorityListenValidator>();
        services.TryAddSingleton<MemberClusters>();
        services.AddSingleton<ClusterTls>();
        services.AddSingleton<IConfigureOptions<KestrelServerOptions>, AuthorityListener>();
        return services;
    }

    /// <summary>Serves it where a listener is configured, and nowhere else.</summary>
    internal static void MapAuthorityApi(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<AuthorityOptions>>().Value.Listen.Length > 0 && app.Services.GetService<IClusterCredentials>() is not null)
        {
            ActivatorUtilities.CreateInstance<AuthorityCalls>(app.Services).Map(app);
        }
    }
}
