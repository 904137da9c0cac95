using System.Net.Sockets;
using MeshGrains.Agent.Workloads.Cgroups;

namespace MeshGrains.Agent.Workloads.Docker;

/// <summary>Tells <c>docker:label:KEY:VALUE</c>, <c>docker:env:KEY=VALUE</c>, <c>docker:image_id</c> and <c>docker:image_config_digest</c> of a process in a container.</summary>
internal sealed class DockerAttestor : IWorkloadAttestor, IDisposable
{
    private const int MaxConnections = 8;

    private readonly DockerAttestorOptions _options;
    private readonly TimeProvider _time;
    private readonly string _proc;
    private readonly HttpClient _http;

    public DockerAttestor(DockerAttestorOptions options, TimeProvider time, string proc = "/proc")
    {
        (_options, _time, _proc) = (options, time, proc);
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = ConnectAsync, MaxConnectionsPerServer = MaxConnections, UseProxy = false, AllowAutoRedirect = false, UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(1), MaxResponseHeadersLength = 16,
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    public string Type => "docker";

    public async Task<IReadOnlyCollection<string>> AttestAsync(PeerProcess peer, CancellationToken cancellationToken)
    {
        if (ContainerCgroups.OfDocker(ProcessCgroups.Read(peer, _proc)) is not { } container)
        {
            return [];
        }

        var found = await BoundedJson.GetAsync(
            _http, new Uri($"http://docker/containers/{container.Id}/json"), null, DockerJson.Default.DockerContainer, _options.MaxBodyBytes, _options.Timeout, _time, cancellationToken)
            ?? throw new AttestorException("container_unknown", $"the daemon at {_options.Socket} knows no container {container.Id}");
        return found.Id == container.Id ? [.. Selectors(found)] : throw new AttestorException("bad_answer", $"the daemon at {_options.Socket} answered with another container");
    }

    public void Dispose() => _http.Dispose();

    private static IEnumerable<string> Selectors(DockerContainer container)
    {
        foreach (var (key, value) in container.Config?.Labels ?? new Dictionary<string, string?>())
        {
            yield return $"docker:label:{key}:{value}";
        }

        foreach (var variable in container.Config?.Env ?? [])
        {
            yield return $"docker:env:{variable}";
        }

        if (container.Config?.Image is { Length: > 0 } image)
        {
            yield return $"docker:image_id:{image}";
        }

        if (container.Image is { Length: > 0 } digest)
        {
            yield return $"docker:image_config_digest:{digest}";
        }
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_options.Socket), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
