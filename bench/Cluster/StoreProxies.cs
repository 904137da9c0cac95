using System.Net;

namespace MeshGrains.Bench;

/// <summary>Proxies before the silos' links and before the log's store, put in through the silos' flags.</summary>
internal sealed class StoreProxies : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private TcpProxy? _log;

    public SiloLinkProxies Links { get; } = new();

    /// <summary>A silo's tuning with its links and the log's store behind proxies.</summary>
    public MemberTuning Before(string name, MeshCluster mesh, MemberTuning tuning) => name == ClusterNames.Gateway
        ? tuning
        : tuning with
        {
            Flags = [.. tuning.Flags, "--set", $"storage.logBlobEndpoint={LogEndpoint(mesh.Stores.Blob)}", "--set", $"storage.logAccountKeyFile={mesh.Stores.Blob.KeyFile}"],
            Advertise = address => Links.Before(name, address),
        };

    /// <summary>The log's store answers nothing while this is true.</summary>
    public void HoldLog(bool held) => _log!.Held = held;

    public async ValueTask DisposeAsync()
    {
        await Links.DisposeAsync();
        if (_log is not null)
        {
            await _log.DisposeAsync();
        }
    }

    private string LogEndpoint(BlobAddress blob)
    {
        var endpoint = new Uri(blob.Endpoint);
        lock (_gate)
        {
            _log ??= new TcpProxy(new IPEndPoint(IPAddress.Loopback, endpoint.Port));
        }

        return new UriBuilder(endpoint) { Port = _log.Address.Port }.Uri.ToString();
    }
}
