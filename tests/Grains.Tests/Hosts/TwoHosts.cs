using Orleans;

namespace MeshGrains.Grains.Tests;

/// <summary>Two grain hosts that know nothing of each other over the same stores and KMS: every grain has two activations at once.</summary>
public sealed class TwoHosts : IAsyncLifetime
{
    private readonly List<GrainHost> _hosts = [];
    private int _deployments;

    internal GrainWorld World { get; } = new();

    internal ITrustDomainGrain TrustDomain(int host) => Grains(host).GetGrain<ITrustDomainGrain>(World.TrustDomain.Name);

    internal IClusterCaGrain ClusterCa(int host) => Grains(host).GetGrain<IClusterCaGrain>(World.TrustDomain.ClusterKey);

    internal IDenialGrain Denials(int host) => Grains(host).GetGrain<IDenialGrain>(World.TrustDomain.Name);

    internal IGrainFactory Grains(int host) => _hosts[host % _hosts.Count].Grains;

    /// <summary>An empty deployment.</summary>
    internal void Fresh() => World.Rename($"two{Interlocked.Increment(ref _deployments)}.test");

    /// <summary>Calls as a silo does: again, while it is told that the service is unavailable.</summary>
    internal static async Task<T> UntilDoneAsync<T>(Func<Task<T>> call)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call();
            }
            catch (GrainOperationException failure) when (failure.Code == RefusalCode.Unavailable && attempt < 3000)
            {
                await Task.Delay(2);
            }
        }
    }

    public async Task InitializeAsync()
    {
        _hosts.Add(await GrainHost.StartAsync(World));
        _hosts.Add(await GrainHost.StartAsync(World));
    }

    public async Task DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.DisposeAsync();
        }
    }
}
