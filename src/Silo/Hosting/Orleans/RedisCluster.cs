using Orleans.Clustering.Redis;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace MeshGrains.Silo;

/// <summary>The membership table and the reminders on one Redis, over one connection, and the watch over this silo's membership.</summary>
internal static class RedisCluster
{
    public static void Use(ISiloBuilder silo, MeshConfiguration mesh)
    {
        silo.UseRedisClustering(_ => { });
        silo.Services.AddOptions<RedisClusteringOptions>().Configure<RedisLink>((options, redis) =>
        {
            options.ConfigurationOptions = redis.Configuration;
            options.CreateMultiplexer = async _ => (await redis.ConnectAsync(CancellationToken.None), IsShared: true);
        });
        silo.UseRedisReminderService(_ => { });
        silo.Services.AddOptions<RedisReminderTableOptions>().Configure<RedisLink>((options, redis) =>
        {
            options.ConfigurationOptions = redis.Configuration;
            options.CreateMultiplexer = async _ => (await redis.ConnectAsync(CancellationToken.None), IsShared: true);
        });
        WatchedMembershipTable.Decorate(silo.Services, mesh.Silo);
        silo.Services.AddSingleton<ClusterView>();
        silo.Services.AddHostedService(provider => ActivatorUtilities.CreateInstance<MembershipWatch>(provider, mesh.Clustering.WatchInterval));
        silo.Services.AddSingleton<Gateway.IReadinessCheck, ClusterReadiness>();
        silo.Services.AddSingleton<ClusterInstruments>();
    }
}
