namespace MeshGrains.Infra.Tests.Compose;

/// <summary>No engine runs here; what can be read off the compose file is checked.</summary>
public sealed class ComposeTests
{
    private static readonly Yaml File = Yaml.Documents(Tree.Read("infra/compose/compose.yaml"))[0];

    public static TheoryData<string> Services => [.. File["services"].Members.Select(service => service.Key)];

    [Fact]
    public void Three_silos_one_gateway_and_their_stores_are_there() =>
        Assert.Equal(
            ["azurite", "bootstrap", "gateway", "meshctl", "redis", "silo-1", "silo-2", "silo-3"],
            File["services"].Members.Select(service => service.Key).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Services))]
    public void Every_service_is_locked_down_and_bounded(string name)
    {
        var service = File["services"][name];
        Assert.Equal("1654:1654", service["user"].Text);
        Assert.Equal("true", service["read_only"].Text);
        Assert.Equal(["ALL"], service["cap_drop"].Texts);
        Assert.Equal(["no-new-privileges:true"], service["security_opt"].Texts);
        Assert.False(service["privileged"].Exists || service["cap_add"].Exists || service["pid"].Exists);
        Assert.NotNull(service["mem_limit"].Text);
        Assert.NotNull(service["pids_limit"].Text);
        Assert.True(service["restart"].Text == "no" || service.Path("healthcheck.test").Items.Any(), "no health check");
    }

    [Theory]
    [MemberData(nameof(Services))]
    public void No_secret_stands_in_the_file(string name) =>
        Assert.All(File["services"][name]["environment"].Members, variable => Assert.DoesNotMatch("(?i)password|secret|key|token", variable.Key));

    [Theory]
    [MemberData(nameof(Services))]
    public void Every_volume_and_file_exists(string name)
    {
        var declared = File["volumes"].Members.Select(volume => volume.Key).ToList();
        Assert.All(File["services"][name]["volumes"].Texts.Select(volume => volume.Split(':')[0]), source => Assert.True(
            source.StartsWith("./", StringComparison.Ordinal) ? Path.Exists(Tree.At($"infra/compose/{source}")) : declared.Contains(source), source));
    }

    [Fact]
    public void Only_the_gateway_is_reachable_and_only_silos_reach_the_stores()
    {
        var published = File["services"].Members.Where(service => service.Value["ports"].Exists).ToList();
        Assert.Equal(["gateway"], published.Select(service => service.Key));
        Assert.All(published.SelectMany(service => service.Value["ports"].Texts), port => Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal));
        Assert.All(new[] { "relay", "stores", "silos" }, network => Assert.Equal("true", File["networks"][network]["internal"].Text));
        Assert.Equal(["edge", "relay"], NetworksOf("gateway"));
        Assert.Equal(["stores"], NetworksOf("redis"));
        Assert.Equal(["stores"], NetworksOf("azurite"));
        Assert.All(new[] { "silo-1", "silo-2", "silo-3" }, silo => Assert.Equal(["relay", "silos", "stores"], NetworksOf(silo)));
    }

    [Theory]
    [InlineData("silo-1")]
    [InlineData("silo-2")]
    [InlineData("silo-3")]
    public void The_product_accepts_a_silos_configuration(string name)
    {
        var service = File["services"][name];
        var environment = service["environment"].Members.ToDictionary(variable => variable.Key, variable => variable.Value.Text);
        Assert.Equal(name, environment["MESHGRAINS__SILO"]);
        Assert.Equal($"{service.Path("networks.silos.ipv4_address").Text}:11111", environment["MESHGRAINS__CLUSTERING__ADVERTISE"]);
        ProductConfiguration.AssertAccepted(Tree.Read("infra/compose/meshgrains.yaml"), environment, isGateway: false);
    }

    [Fact]
    public void The_product_accepts_the_gateways_configuration() =>
        ProductConfiguration.AssertAccepted(Tree.Read("infra/compose/gateway.yaml"), new Dictionary<string, string?>(), isGateway: true);

    [Fact]
    public void Redis_keeps_what_it_is_told_and_evicts_nothing()
    {
        var command = string.Join(' ', File.Path("services.redis.command").Texts);
        Assert.Contains("--appendonly yes", command, StringComparison.Ordinal);
        Assert.Contains("--maxmemory-policy noeviction", command, StringComparison.Ordinal);
        Assert.Contains("--aclfile", command, StringComparison.Ordinal);
        Assert.Contains("--port 0", command, StringComparison.Ordinal);
    }

    private static IEnumerable<string> NetworksOf(string service)
    {
        var networks = File["services"][service]["networks"];
        return networks.Texts.Concat(networks.Members.Select(network => network.Key)).Order(StringComparer.Ordinal);
    }
}
