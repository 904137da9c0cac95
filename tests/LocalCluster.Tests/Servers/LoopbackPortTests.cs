namespace MeshGrains.LocalCluster.Tests;

public sealed class LoopbackPortTests
{
    [Fact]
    public void Free_ports_are_outside_the_range_of_outgoing_connections_and_given_once()
    {
        var ports = Enumerable.Range(0, 50).Select(_ => LoopbackPort.Free()).ToArray();

        Assert.All(ports, port => Assert.InRange(port, 20_000, 32_000));
        Assert.Equal(ports.Length, ports.Distinct().Count());
    }
}
