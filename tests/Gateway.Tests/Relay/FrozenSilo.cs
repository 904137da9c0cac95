using System.Net;
using System.Net.Sockets;

namespace MeshGrains.Gateway.Tests.Relay;

/// <summary>What a stopped process looks like: the kernel takes connections, and nothing answers.</summary>
internal sealed class FrozenSilo : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public FrozenSilo() => _listener.Start(backlog: 128);

    public string Address => _listener.LocalEndpoint.ToString()!;

    public bool WasDialled => _listener.Pending();

    public void Dispose() => _listener.Dispose();
}
