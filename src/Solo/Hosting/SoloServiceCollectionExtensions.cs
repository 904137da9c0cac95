using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Runtime;

namespace Orleans.Solo;

/// <summary>Registers the single-process grain host.</summary>
public static class SoloServiceCollectionExtensions
{
    /// <summary>
    /// Hosts the grain classes of the given assemblies. Needs an <see cref="Storage.IGrainStorage"/> keyed by each store's name for grains with
    /// state, and an <see cref="IReminderTable"/> for grains with reminders. Register it before the services that call grains, so that it
    /// starts before them and stops after them.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="OrleansException">A grain class lacks its [GrainType], or is otherwise unfit.</exception>
    public static IServiceCollection AddSoloGrains(
        this IServiceCollection services, Action<SoloOptions>? configure, params Assembly[] grainAssemblies)
    {
        var options = new SoloOptions();
        configure?.Invoke(options);
        options.Validate();
        var catalog = new GrainCatalog(grainAssemblies);

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new SoloHost(
            provider, catalog, options, provider.GetRequiredService<TimeProvider>(), LoggerOf(provider)));
        services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<SoloHost>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<SoloHost>());
        services.AddTransient<IGrainContext>(_ => RuntimeContext.Current
            ?? throw new InvalidOperationException("There is a grain context only in the turns of a grain."));
        return services;
    }

    private static ILogger LoggerOf(IServiceProvider provider) =>
        provider.GetService<ILoggerFactory>()?.CreateLogger("Orleans.Solo") ?? NullLogger.Instance;
}
