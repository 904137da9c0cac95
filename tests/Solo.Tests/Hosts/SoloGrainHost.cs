using MeshGrains.Solo.Tests.Behaviour;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Solo;
using Orleans.Storage;

namespace MeshGrains.Solo.Tests;

/// <summary>The host under test when the tree is built for Solo.</summary>
public sealed class GrainHost : IGrainHostFixture
{
    private readonly IHost _host;

    private GrainHost(IHost host) => _host = host;

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<GrainHost> StartAsync(HostSettings settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(settings.Probe);
        builder.Services.AddSingleton(settings.Clock ?? TimeProvider.System);
        builder.Services.AddKeyedSingleton<IGrainStorage>("records", settings.Storage);
        builder.Services.AddSingleton<IReminderTable>(settings.Reminders);
        builder.Services.AddSoloGrains(
            options =>
            {
                options.ResponseTimeout = settings.ResponseTimeout;
                if (settings.CollectionAge is { } age)
                {
                    (options.CollectionAge, options.CollectionQuantum) = (age, age / 2);
                }

                options.MaxEnqueuedRequests = settings.MaxEnqueuedRequests;
            },
            typeof(GrainHost).Assembly);
        var host = builder.Build();
        await host.StartAsync();
        return new GrainHost(host);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
