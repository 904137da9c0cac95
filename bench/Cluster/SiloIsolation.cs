using System.Net;

namespace MeshGrains.Bench;

/// <summary>
/// One silo that can be cut off from its fellows and from Redis, so that it learns of nothing that they decide. Its callers, the KMS and the blob service still reach it: it could issue on.
/// </summary>
internal sealed class SiloIsolation(string silo) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly SiloLinkProxies _links = new();
    private TcpProxy? _redis;

    public ClusterMember Of(MeshCluster cluster) => cluster.Silos.Single(member => member.Name == silo);

    /// <summary>A silo's tuning with what has to be cut behind proxies.</summary>
    public MemberTuning Before(string name, MeshCluster cluster, MemberTuning tuning)
    {
        if (name == ClusterNames.Gateway)
        {
            return tuning;
        }

        var linked = tuning with { Advertise = address => _links.Before(name, address) };
        return name == silo ? linked with { Redis = RedisOf(cluster.Stores.Redis) } : linked;
    }

    public void Cut(MeshCluster cluster)
    {
        _links.Cut(Of(cluster), cluster);
        _redis!.Held = true;
    }

    public void Heal()
    {
        _redis!.Held = false;
        _links.Heal();
    }

    public async ValueTask DisposeAsync()
    {
        await _links.DisposeAsync();
        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }
    }

    private RedisAddress RedisOf(RedisAddress redis)
    {
        lock (_gate)
        {
            _redis ??= new TcpProxy(IPEndPoint.Parse(redis.Address));
        }

        return redis with { Address = _redis.Address.ToString() };
    }
}
