using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Agent.KeyStore;

/// <summary>The key store that the configuration asks for.</summary>
internal static class KeyStoreServices
{
    /// <summary>Before the services that serve or ask: they find what was kept.</summary>
    public static void AddKeyStore(this IServiceCollection services, KeyStoreOptions options)
    {
        if (options.Mode == KeyStoreOptions.Disk)
        {
            services.AddSingleton<IAgentKeyStore>(provider => ActivatorUtilities.CreateInstance<DiskKeyStore>(provider, options));
            services.AddHostedService<StateKeeper>();
        }
        else
        {
            services.AddSingleton<IAgentKeyStore, MemoryKeyStore>();
        }
    }
}
