using System.Net;
using System.Net.Sockets;

namespace MeshGrains.LocalCluster;

public static class LoopbackPort
{
    /// <summary>A TCP port of 127.0.0.1 that is free now. Another process may take it before it is bound.</summary>
    public static int Free()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
