using System.Net.Sockets;
using MeshGrains.Agent.Workloads;

namespace MeshGrains.Agent.Tests.Kit;

/// <summary>A Unix socket that this process connected to itself, and the process behind it as the agent finds it.</summary>
internal sealed class SocketPair : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly Socket _client = New();
    private readonly Socket _server;

    public SocketPair()
    {
        using var listener = New();
        var endPoint = new UnixDomainSocketEndPoint(_folder.File("s"));
        listener.Bind(endPoint);
        listener.Listen();
        _client.Connect(endPoint);
        _server = listener.Accept();
        Peer = PeerProcess.Of(_server);
    }

    public PeerProcess Peer { get; }

    public void Dispose()
    {
        Peer.Dispose();
        _client.Dispose();
        _server.Dispose();
        _folder.Dispose();
    }

    private static Socket New() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
}
