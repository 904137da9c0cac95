using System.Diagnostics;
using MeshGrains.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MeshGrains.Faults;

/// <summary>
/// Puts <see cref="LateLog"/> before the issuance log of any host that this process builds, at the moment .NET's host announces that it builds.
/// </summary>
internal sealed class LateLogPlanter : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    public static void Watch() => DiagnosticListener.AllListeners.Subscribe(new LateLogPlanter());

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
        var real = services.LastOrDefault(service => service.ServiceType == typeof(IIssuanceLog) && !service.IsKeyedService);
        if (real is null)
        {
            return;
        }

        services.Remove(real);
        services.AddSingleton<IIssuanceLog>(provider => new LateLog((IIssuanceLog)(real.ImplementationInstance
            ?? real.ImplementationFactory?.Invoke(provider)
            ?? ActivatorUtilities.CreateInstance(provider, real.ImplementationType!))));
    }
}
