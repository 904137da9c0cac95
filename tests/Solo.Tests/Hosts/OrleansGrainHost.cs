using MeshGrains.Solo.Tests.Behaviour;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Reminders;
using Orleans.Runtime;
using Orleans.Storage;
using Orleans.TestingHost;

namespace MeshGrains.Solo.Tests;

/// <summary>The host under test when the tree is built for Orleans: one silo in this process, called by a client beside it.</summary>
public sealed class GrainHost : IGrainHostFixture
{
    private readonly InProcessTestCluster _cluster;
    private bool _stopped;

    private GrainHost(InProcessTestCluster cluster) => _cluster = cluster;

    public IGrainFactory Grains => _cluster.Client;

    public static async Task<GrainHost> StartAsync(HostSettings settings)
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddReminders();
            silo.Configure<SiloMessagingOptions>(options =>
            {
                options.ResponseTimeout = settings.ResponseTimeout;
                options.MaxEnqueuedRequestsHardLimit = settings.MaxEnqueuedRequests;
            });
            silo.Configure<GrainCollectionOptions>(options =>
            {
                if (settings.CollectionAge is { } age)
                {
                    (options.CollectionAge, options.CollectionQuantum) = (age, age / 2);
                }
            });
            silo.Services.AddSingleton(settings.Probe);
            silo.Services.AddKeyedSingleton<IGrainStorage>("records", settings.Storage);
            silo.Services.AddSingleton<IReminderTable>(settings.Reminders);
            if (settings.Clock is { } clock)
            {
                silo.Services.AddKeyedSingleton(TimeProviderNames.Grains, clock);
                silo.Services.AddKeyedSingleton(ReminderTimeProviderNames.Reminders, clock);
            }
        });
        builder.ConfigureClient(client => client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = settings.ResponseTimeout));
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new GrainHost(cluster);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
        {
            _stopped = true;
            await _cluster.StopAllSilosAsync();
            await _cluster.DisposeAsync();
        }
    }
}
