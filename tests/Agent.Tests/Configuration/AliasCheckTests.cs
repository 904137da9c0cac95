using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Silo;

namespace MeshGrains.Agent.Tests.Configuration;

public sealed class AliasCheckTests
{
    [Theory]
    [InlineData("aliases.0.trustDomain=Not a domain", "aliases[0].trustDomain: ")]
    [InlineData("aliases.0.trustDomain=old.mesh", "aliases[0].trustDomain is old.mesh, which is there already")]
    [InlineData("aliases.0.controlPlane.trustBundle=", "aliases[0].controlPlane.trustBundle is empty")]
    [InlineData("aliases.0.controlPlane.trustBundle=/etc/../old.pem", "aliases[0].controlPlane.trustBundle is that of old.mesh")]
    [InlineData("aliases.0.controlPlane.addresses.0=http://new.mesh", "aliases[0].controlPlane.addresses: 'http://new.mesh'")]
    [InlineData("aliases.0.controlPlane.timeout=1ms", "aliases[0].controlPlane: maxBackoff")]
    [InlineData("aliases.0.node.joinTokenFile=", "aliases[0].node.joinTokenFile is empty")]
    [InlineData("aliases.0.node.joinTokenFile=/old-token", "aliases[0].node.joinTokenFile is that of old.mesh; a join token is good for one")]
    [InlineData("aliases.0.node.attestor=word", "aliases[0].node.attestor is 'word'")]
    [InlineData("aliases.0.directory=state", "aliases[0].directory is 'state'; give an absolute path", "keyStore.mode=disk")]
    [InlineData("aliases.0.directory=/var/lib/meshgrains/agent/", "aliases[0].directory is that of old.mesh", "keyStore.mode=disk", "keyStore.directory=/var/lib/meshgrains/agent/")]
    [InlineData("aliases.0.node.attestor=k8s", "aliases[0].node.k8s.tokenFile is that of old.mesh, whose control plane could show", "node.attestor=k8s")]
    public void What_would_mix_trust_domains_or_cannot_work_is_told(string setting, string error, params string[] more)
    {
        var wrong = Assert.Throws<ConfigurationException>(() => Bind([.. more, setting]));

        Assert.StartsWith(error, Assert.Single(wrong.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fifth_alias_is_too_many()
    {
        string[] settings = [.. Enumerable.Range(1, 4).SelectMany(i => Alias(i, $"n{i}.mesh"))];

        Assert.StartsWith("aliases has 5 members; an agent is in at most 4", Assert.Single(Assert.Throws<ConfigurationException>(() => Bind(settings)).Errors), StringComparison.Ordinal);
        Assert.Equal(4, Bind(settings[..^4]).Aliases.Count);
    }

    [Fact]
    public void Sealed_files_lie_apart_unless_told_under_the_first_ones_directory()
    {
        var domains = DomainConfigurations.Of(Bind("keyStore.mode=disk", "keyStore.directory=/state"));

        Assert.Equal([("old.mesh", "/state"), ("new.mesh", "/state/alias-new.mesh")], domains.Select(domain => (domain.TrustDomain, domain.KeyStore.Directory)));
        Assert.All(domains, domain => Assert.Equal("disk", domain.KeyStore.Mode));
        Assert.Equal("/elsewhere", DomainConfigurations.Of(Bind("keyStore.mode=disk", "aliases.0.directory=/elsewhere"))[1].KeyStore.Directory);
    }

    [Fact]
    public void An_output_is_of_one_of_the_trust_domains()
    {
        string[] files = ["outputs.0.name=web", "outputs.0.bundle=/tls/bundle.pem"];
        Assert.Single(Bind([.. files, "outputs.0.spiffeId=spiffe://new.mesh/web"]).Outputs);

        var wrong = Assert.Throws<ConfigurationException>(() => Bind([.. files, "outputs.0.spiffeId=spiffe://other.mesh/web"]));
        Assert.Contains("give a workload's ID of old.mesh or new.mesh.", Assert.Single(wrong.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void One_root_in_the_bundles_of_two_trust_domains_stops_the_start()
    {
        using var folder = new TempDirectory();
        var (first, second) = (folder.Write("old.pem", new MeshCa("old.mesh").BundlePem), folder.File("new.pem"));
        File.Copy(first, second);

        var wrong = Assert.Throws<ConfigurationException>(() => AgentApplication.Build(Load(
            [$"controlPlane.trustBundle={first}", $"aliases.0.controlPlane.trustBundle={second}", $"socket={folder.File("api.sock")}"])));

        Assert.StartsWith("aliases[0].controlPlane.trustBundle holds a root that another", Assert.Single(wrong.Errors), StringComparison.Ordinal);
    }

    private static AgentConfiguration Bind(params string[] settings) => AgentConfigurationCheck.Bind(Load(settings));

    private static Microsoft.Extensions.Configuration.IConfigurationRoot Load(string[] settings)
    {
        string[] right =
        [
            "trustDomain=old.mesh", "controlPlane.addresses.0=https://old.mesh:8443", "controlPlane.trustBundle=/old.pem", "node.joinTokenFile=/old-token", .. Alias(0, "new.mesh"),
        ];
        return ConfigurationLoader.Load(
            ConfigurationSchema.Instance, "NONE__", null, [], right.Concat(settings).Select(setting => setting.Split('=', 2)).Select(pair => (pair[0], pair[1], "test")));
    }

    private static string[] Alias(int number, string name) =>
    [
        $"aliases.{number}.controlPlane.addresses.0=https://{name}:8443", $"aliases.{number}.controlPlane.trustBundle=/{name}.pem",
        $"aliases.{number}.node.joinTokenFile=/{name}-token", $"aliases.{number}.trustDomain={name}",
    ];
}
