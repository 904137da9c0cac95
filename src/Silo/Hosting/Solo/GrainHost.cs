using MeshGrains.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Solo;

namespace MeshGrains.Silo;

/// <summary>Solo: the same grains in one process, for builds whose package feed lacks Orleans. Never distributed, opens no port of its own.</summary>
internal static class GrainHost
{
    public const string Name = "Solo";

    private const int MaxEnqueuedRequests = 5000;

    public static void Add(IHostApplicationBuilder builder, TrustDomainOptions domain, FileSiloBootstrap bootstrap, TimeProvider time) =>
        builder.Services.AddSoloGrains(options => options.MaxEnqueuedRequests = MaxEnqueuedRequests, typeof(ITrustDomainGrain).Assembly);
}
