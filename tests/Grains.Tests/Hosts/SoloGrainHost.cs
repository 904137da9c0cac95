using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Solo;

namespace MeshGrains.Grains.Tests;

/// <summary>The grains in Solo.</summary>
internal sealed class GrainHost(IHost host) : IAsyncDisposable
{
    public IGrainFactory Grains => host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<GrainHost> StartAsync(GrainWorld world)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        world.AddTo(builder.Services);
        builder.Services.AddSoloGrains(null, typeof(ITrustDomainGrain).Assembly);
        var host = builder.Build();
        await host.StartAsync();
        return new GrainHost(host);
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
    }
}
