using System.Net;
using System.Net.Sockets;

namespace MeshGrains.Keys.Azure;

/// <summary>Names under <c>.localhost</c> are this machine's (RFC 6761 6.3); most resolvers do not know that.</summary>
internal static class LoopbackNames
{
    public static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);

    public static async ValueTask<Stream> ConnectAsync(DnsEndPoint target, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            EndPoint endpoint = IsLoopback(target.Host) ? new IPEndPoint(IPAddress.Loopback, target.Port) : target;
            await socket.ConnectAsync(endpoint, ct).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
