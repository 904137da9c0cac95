using System.Diagnostics;
using MeshGrains.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MeshGrains.Faults;

/// <summary>Puts <see cref="ForgetfulFetcher"/> before the fetcher of foreign bundles of any host that this process builds.</summary>
internal sealed class FetcherPlanter : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    public static void Watch() => DiagnosticListener.AllListeners.Subscribe(new FetcherPlanter());

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == "Microsoft.Extensions.Hosting")
        {
            value.Subscribe(this);
        }
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value is { Key: "HostBuilding", Value: IHostBuilder builder })
        {
            builder.ConfigureServices(services => Plant(services));
        }
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    private static void Plant(IServiceCollection services)
    {
        if (services.LastOrDefault(service => service.ServiceType == typeof(IBundleFetcher) && !service.IsKeyedService) is { } real)
        {
            services.Remove(real);
            services.AddSingleton<IBundleFetcher>(provider => new ForgetfulFetcher((IBundleFetcher)ActivatorUtilities.CreateInstance(provider, real.ImplementationType!)));
        }
    }
}
