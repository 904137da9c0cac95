using MeshGrains.Silo;

namespace MeshGrains.Agent.Tests.Configuration;

public sealed class AgentConfigurationCheckTests
{
    [Theory]
    [InlineData("trustDomain=Not a domain", "trustDomain")]
    [InlineData("socket=relative.sock", "socket is 'relative.sock'; give an absolute path")]
    [InlineData("socketMode=777777", "socketMode")]
    [InlineData("socketMode=0889", "socketMode")]
    [InlineData("operationsListen=nowhere", "operationsListen is 'nowhere'; give address:port")]
    [InlineData("controlPlane.addresses.0=http://mesh.example.org", "controlPlane.addresses: 'http://mesh.example.org'")]
    [InlineData("controlPlane.addresses.0=https://mesh.example.org/path", "controlPlane.addresses")]
    [InlineData("controlPlane.gatewayPath=gateway", "controlPlane.gatewayPath")]
    [InlineData("controlPlane.maxBackoff=1ms", "controlPlane: maxBackoff is at least 250ms")]
    [InlineData("renewal.jitter=0.5", "renewal.jitter")]
    [InlineData("renewal.batchSize=0", "renewal.jitter")]
    [InlineData("workloads.maxConnections=0", "workloads: maxConnections")]
    [InlineData("sds.defaultSvidName=ROOTCA", "sds: the three names have to differ")]
    [InlineData("sds.allBundlesName=spiffe://all", "sds: the three names")]
    [InlineData("sds.defaultBundleName=", "sds: the three names")]
    [InlineData("log.format=xml", "log.format is 'xml'; give text or json")]
    public void What_cannot_work_is_told_with_what_to_do(string setting, string error)
    {
        var wrong = Assert.Throws<ConfigurationException>(() => Bind(setting));

        Assert.StartsWith(error, Assert.Single(wrong.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_is_wrong_is_told_at_once() =>
        Assert.Equal(3, Assert.Throws<ConfigurationException>(() => Bind("socketMode=rw", "log.format=xml", "socket=x")).Errors.Count);

    [Fact]
    public void No_operations_listener_is_a_choice() => Assert.Equal("", Bind("operationsListen=").OperationsListen);

    private static AgentConfiguration Bind(params string[] settings)
    {
        var right = new[] { "controlPlane.addresses.0=https://mesh.example.org:8443", "controlPlane.trustBundle=/bundle.pem", "node.joinTokenFile=/token" };
        return AgentConfigurationCheck.Bind(ConfigurationLoader.Load(
            ConfigurationSchema.Instance, "NONE__", null, [], right.Concat(settings).Select(setting => setting.Split('=', 2)).Select(pair => (pair[0], pair[1], "test"))));
    }
}
