using System.Collections.Concurrent;
using System.Net;

namespace MeshGrains.Bench;

/// <summary>
/// A proxy before the link address of each silo, so that the links of one silo can be cut in both directions: those that lead to it, and those that
/// its process opened to others, told apart by whose process holds the other end.
/// </summary>
internal sealed class SiloLinkProxies : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, TcpProxy> _proxies = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, string?> _owners = new();
    private Func<IReadOnlyDictionary<int, string>> _processes = () => new Dictionary<int, string>();
    private volatile string? _cut;

    /// <summary>Where a silo with this link address is to be reached.</summary>
    public string Before(string silo, string linkAddress)
        => _proxies.GetOrAdd(silo, name => new TcpProxy(IPEndPoint.Parse(linkAddress), port => IsCut(name, port))).Address.ToString();

    /// <summary>Holds back everything on the links of this silo until <see cref="Heal"/>.</summary>
    public void Cut(ClusterMember silo, MeshCluster cluster)
    {
        _processes = () => cluster.Silos.Where(one => one.Process.Id is not null).ToDictionary(one => one.Process.Id!.Value, one => one.Name);
        _cut = silo.Name;
        Look();
    }

    public void Heal()
    {
        _cut = null;
        Look();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in _proxies.Values)
        {
            await proxy.DisposeAsync();
        }
    }

    private void Look()
    {
        // A port may have passed to another process since.
        _owners.Clear();
        foreach (var proxy in _proxies.Values)
        {
            proxy.Look();
        }
    }

    private bool IsCut(string target, int port)
        => _cut is { } cut && (target == cut || _owners.GetOrAdd(port, OwnerOf) == cut);

    private string? OwnerOf(int port)
    {
        var processes = _processes();
        return ConnectionOwner.Of(port, processes.Keys) is { } process ? processes.GetValueOrDefault(process) : null;
    }
}
