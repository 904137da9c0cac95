using System.Net.Sockets;
using System.Text.Json;

namespace MeshGrains.LocalCluster;

/// <summary>Asks the supervisor of a folder.</summary>
internal static class ControlClient
{
    /// <summary>Null when no supervisor listens there.</summary>
    public static async Task<ControlAnswer?> TryAskAsync(ClusterFolder folder, ControlRequest request, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(folder.Control), cancellationToken);
            await using var stream = new NetworkStream(socket);
            await stream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), cancellationToken);
            await stream.WriteAsync("\n"u8.ToArray(), cancellationToken);
            using var reader = new StreamReader(stream);
            return await reader.ReadLineAsync(cancellationToken) is { } line ? JsonSerializer.Deserialize(line, ControlJson.Default.ControlAnswer) : null;
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            return null;
        }
    }
}
