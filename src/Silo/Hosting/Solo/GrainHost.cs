using MeshGrains.Grains;
using MeshGrains.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Solo;

namespace MeshGrains.Silo;

/// <summary>Solo: the same grains in one process, for builds whose package feed lacks Orleans. Never distributed, opens no port of its own.</summary>
internal static class GrainHost
{
    public const string Name = "Solo";

    private const int MaxEnqueuedRequests = 5000;

    /// <summary>What this host cannot do of a configuration.</summary>
    public static IEnumerable<string> Check(MeshConfiguration mesh)
    {
        const string Why = "this build runs on Solo, one process that is never distributed, because its package feed lacked Orleans. Build it where Orleans' packages are.";
        if (mesh.Clustering.Redis.Length > 0)
        {
            yield return $"clustering.redis: {Why}";
        }

        if (mesh.Storage.BlobEndpoint.Length > 0)
        {
            yield return $"storage.blobEndpoint: {Why}";
        }
    }

    public static void Add(IHostApplicationBuilder builder, MeshConfiguration mesh, FileSiloBootstrap bootstrap, TimeProvider time)
    {
        builder.Services.AddSingleton(new SiloEndpoint(null));
        builder.Services.AddSoloGrains(options => options.MaxEnqueuedRequests = MaxEnqueuedRequests, typeof(ITrustDomainGrain).Assembly);
    }

    /// <summary>State and log on SQLite.</summary>
    public static void AddStorage(IServiceCollection services, MeshConfiguration mesh, DataDirectory data) =>
        services.AddMeshSqliteStorage(SqliteStorageOptions.Under(data.Path));
}
