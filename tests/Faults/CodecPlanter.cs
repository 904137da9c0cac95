using System.Diagnostics;
using MeshGrains.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace MeshGrains.Faults;

/// <summary>Puts <see cref="RefusingCodec"/> before the codec of grain state of any host that this process builds.</summary>
internal sealed class CodecPlanter : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    public static void Watch() => DiagnosticListener.AllListeners.Subscribe(new CodecPlanter());

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
            builder.ConfigureServices(services => services.AddSingleton<IStateCodec>(_ => new RefusingCodec(new StateCodec())));
        }
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }
}
