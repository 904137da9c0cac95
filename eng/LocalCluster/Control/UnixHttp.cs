using System.Net.Sockets;

namespace MeshGrains.LocalCluster;

/// <summary>HTTP over a Unix socket.</summary>
public static class UnixHttp
{
    /// <summary>A client of what listens on this socket; its base address is <c>http://localhost/</c>.</summary>
    public static HttpClient Client(string socketPath, TimeSpan patience)
    {
        var endPoint = new UnixDomainSocketEndPoint(socketPath);
        return new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(endPoint, cancel);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
        {
            BaseAddress = new Uri("http://localhost/"),
            Timeout = patience,
        };
    }
}
