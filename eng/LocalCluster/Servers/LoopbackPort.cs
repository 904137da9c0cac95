using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace MeshGrains.LocalCluster;

public static class LoopbackPort
{
    /// <summary>Below the range that outgoing connections take their ports from (32768 and above on Linux), above what services use.</summary>
    private const int First = 20_000;
    private const int Last = 32_000;

    private static readonly ConcurrentDictionary<int, bool> Given = new();

    /// <summary>
    /// A TCP port of 127.0.0.1 that is free now and that no outgoing connection takes, also while a process is started again on it. Given once to this
    /// process.
    /// </summary>
    public static int Free()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, Last);
            if (IsFree(port) && Given.TryAdd(port, true))
            {
                return port;
            }
        }
    }

    private static bool IsFree(int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
