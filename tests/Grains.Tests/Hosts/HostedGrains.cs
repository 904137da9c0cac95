using Orleans;

namespace MeshGrains.Grains.Tests;

/// <summary>
/// One host for all tests of a class; each test, or each run within one, takes a deployment of its own by name.
/// </summary>
public sealed class HostedGrains : IAsyncLifetime
{
    private GrainHost? _host;
    private int _deployments;

    internal GrainWorld World { get; } = new();

    internal IGrainFactory Grains => _host!.Grains;

    internal ITrustDomainGrain TrustDomain => Grains.GetGrain<ITrustDomainGrain>(World.TrustDomain.Name);

    internal IClusterCaGrain ClusterCa => Grains.GetGrain<IClusterCaGrain>(World.TrustDomain.ClusterKey);

    internal IJwtAuthorityGrain JwtAuthority => Grains.GetGrain<IJwtAuthorityGrain>(World.TrustDomain.ClusterKey);

    internal IDenialGrain Denials => Grains.GetGrain<IDenialGrain>(World.TrustDomain.Name);

    internal IMaintenanceGrain Maintenance(int shard) => Grains.GetGrain<IMaintenanceGrain>(MaintenanceShards.Key(World.TrustDomain.Name, shard));

    /// <summary>An empty deployment.</summary>
    internal void Fresh() => World.Rename($"td{Interlocked.Increment(ref _deployments)}.test");

    /// <summary>Calls as a silo does that is refused for the moment: again, with the same arguments.</summary>
    internal static async Task<T> RetryAsync<T>(Func<Task<T>> call, int attempts = 12)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call();
            }
            catch (Exception failure) when (failure is not GrainOperationException { Code: not RefusalCode.Unavailable } && attempt < attempts)
            {
                // Another try, as every caller of a grain makes it: the grain said so, or could not even be activated.
            }
        }
    }

    public async Task InitializeAsync() => _host = await GrainHost.StartAsync(World);

    public async Task DisposeAsync() => await _host!.DisposeAsync();
}
