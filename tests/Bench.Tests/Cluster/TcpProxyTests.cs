using System.Net;
using System.Net.Sockets;

namespace MeshGrains.Bench.Tests.Cluster;

public sealed class TcpProxyTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task What_is_held_back_arrives_when_the_hold_ends_and_not_before()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var proxy = new TcpProxy((IPEndPoint)listener.LocalEndpoint);
        using var client = new TcpClient();
        await client.ConnectAsync(proxy.Address);
        using var server = await listener.AcceptTcpClientAsync();
        await client.GetStream().WriteAsync(new byte[] { 1 });
        Assert.Equal(1, await ReadAsync(server));

        proxy.Held = true;
        await client.GetStream().WriteAsync(new byte[] { 2 });
        var reading = ReadAsync(server);
        using var another = new TcpClient();
        await another.ConnectAsync(proxy.Address);
        Assert.False(listener.Pending());
        Assert.False(reading.IsCompleted);

        proxy.Held = false;
        Assert.Equal(2, await reading);
        using var late = await listener.AcceptTcpClientAsync().WaitAsync(Patience);
    }

    private static async Task<int> ReadAsync(TcpClient client)
    {
        var one = new byte[1];
        await client.GetStream().ReadExactlyAsync(one).AsTask().WaitAsync(Patience);
        return one[0];
    }
}
