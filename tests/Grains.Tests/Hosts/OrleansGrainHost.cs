using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace MeshGrains.Grains.Tests;

/// <summary>The grains in one Orleans silo in this process, called by a client beside it.</summary>
internal sealed class GrainHost(InProcessTestCluster cluster) : IAsyncDisposable
{
    public IGrainFactory Grains => cluster.Client;

    public static async Task<GrainHost> StartAsync(GrainWorld world, Action<IServiceCollection>? more = null)
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddReminders();
            world.AddTo(silo.Services);
            more?.Invoke(silo.Services);
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new GrainHost(cluster);
    }

    public async ValueTask DisposeAsync()
    {
        await cluster.StopAllSilosAsync();
        await cluster.DisposeAsync();
    }
}
