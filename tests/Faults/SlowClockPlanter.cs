using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MeshGrains.Faults;

/// <summary>Puts <see cref="SlowClock"/> in the place of the clock of any host that this process builds.</summary>
internal sealed class SlowClockPlanter(TimeSpan after) : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    /// <param name="text">Seconds of this process's life after which the clock becomes slow.</param>
    /// <exception cref="ArgumentException">It is no whole number.</exception>
    public static void Watch(string text) => DiagnosticListener.AllListeners.Subscribe(new SlowClockPlanter(
        int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : throw new ArgumentException($"MESH_FAULT_CLOCK_SLOW_AFTER is '{text}', no whole number of seconds.")));

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
            builder.ConfigureServices(services => services.AddSingleton<TimeProvider>(new SlowClock(after)));
        }
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }
}
