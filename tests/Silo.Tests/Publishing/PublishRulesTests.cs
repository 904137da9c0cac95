using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

public sealed class PublishRulesTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_kind_of_output_is_taken()
    {
        var mesh = Load(
            """
              lag: 20m
              files:
                - {name: edge, path: /etc/edge/ca.pem, mode: "0640", format: spiffe, lag: 1m}
              configMaps:
                - {name: legacy, namespaces: [shop, billing], configMap: mesh-trust}
              clusterTrustBundles:
                - {name: all, bundle: "mesh.example.org:workloads:mesh", signerName: mesh.example.org/workloads}
                - {name: plain, bundle: mesh}
            """);
        Assert.Equal([], PublishRules.Check(mesh));
        var targets = BundleTargets.Make(mesh, TimeProvider.System);
        Assert.Equal(["edge", "legacy/shop", "legacy/billing", "all", "plain"], targets.Select(target => target.Name));
        Assert.Equal([1, 20, 20, 20, 20], targets.Select(target => target.DeclaredLag.TotalMinutes));
    }

    [Fact]
    public void Without_a_lag_an_output_has_five_refresh_hints()
    {
        var mesh = Load("  files: [{name: edge, path: /etc/edge/ca.pem}]");
        Assert.Equal(TimeSpan.FromMinutes(25), Assert.Single(BundleTargets.Make(mesh, TimeProvider.System)).DeclaredLag);
    }

    [Theory]
    [InlineData("  recheck: 0s", "publish.recheck")]
    [InlineData("  lag: 31d", "of all outputs")]
    [InlineData("  files: [{name: a, path: ca.pem}]", "absolute path")]
    [InlineData("  files: [{name: a, path: /x/}]", "absolute path")]
    [InlineData("  files: [{name: a, path: /x, mode: '0666'}]", "octal permissions")]
    [InlineData("  files: [{name: a, path: /x, mode: '0444'}]", "octal permissions")]
    [InlineData("  files: [{name: a, path: /x, mode: '4644'}]", "octal permissions")]
    [InlineData("  files: [{name: a, path: /x, mode: rw}]", "octal permissions")]
    [InlineData("  files: [{name: a, path: /x/y}, {name: b, path: /x/z/../y}]", "two outputs write to /x/y")]
    [InlineData("  files: [{name: a, path: /x}, {name: a, path: /y}]", "two outputs are named 'a'")]
    [InlineData("  files: [{name: 'a b', path: /x}]", "the name 'a b'")]
    [InlineData("  configMaps: [{name: a, configMap: m}]", "names no namespaces")]
    [InlineData("  configMaps: [{name: a, configMap: m, namespaces: [../x]}]", "'../x'")]
    [InlineData("  configMaps: [{name: a, configMap: m, namespaces: [x, x]}]", "namespace x twice")]
    [InlineData("  configMaps: [{name: a, configMap: m/n, namespaces: [x]}]", "'m/n'")]
    [InlineData("  configMaps: [{name: a, configMap: m, key: '..', namespaces: [x]}]", "key of 'a'")]
    [InlineData("  configMaps: [{name: a, configMap: m, namespaces: [x]}, {name: b, configMap: m, key: k, namespaces: [x]}]", "ConfigMap x/m")]
    [InlineData("  clusterTrustBundles: [{name: a, bundle: 'x:y'}]", "Set signerName")]
    [InlineData("  clusterTrustBundles: [{name: a, bundle: y, signerName: e.org/w}]", "begins with 'e.org:w:'")]
    [InlineData("  clusterTrustBundles: [{name: a, bundle: 'e.org:w:', signerName: e.org/w}]", "after 'e.org:w:'")]
    [InlineData("  clusterTrustBundles: [{name: a, bundle: 'w:y', signerName: w}]", "DOMAIN/PATH")]
    [InlineData("  kubernetes: {apiServer: 'http://127.0.0.1:1'}", "https URL")]
    [InlineData("  kubernetes: {apiServer: 'https://h/path'}", "https URL")]
    [InlineData("  kubernetes: {timeout: 2m}", "publish.kubernetes.timeout")]
    public void What_cannot_work_is_refused_with_what_to_do(string section, string told) =>
        Assert.Contains(told, Assert.Single(PublishRules.Check(Load(section))), StringComparison.Ordinal);

    [Theory]
    [InlineData("endpoint: 'https://a.blob.core.windows.net', container: trust, blob: b.json", null)]
    [InlineData("endpoint: 'https://a.blob.core.windows.net', container: trust, blob: '/b.json'", "blob of 'a'")]
    [InlineData("endpoint: 'https://a.blob.core.windows.net', container: T, blob: b.json", "container is 'T'")]
    [InlineData("endpoint: 'http://a.example', container: trust, blob: b.json", "endpoint is 'http://a.example")]
    public void Blobs_need_a_place_of_their_own_and_a_build_on_Orleans(string output, string? told)
    {
        var errors = PublishRules.Check(Load($"  blobs: [{{name: a, {output}}}]")).ToList();
        var host = GrainHost.Name;
        if (host != "Orleans")
        {
            Assert.Contains("Solo", Assert.Single(errors), StringComparison.Ordinal);
        }
        else if (told is null)
        {
            Assert.Equal([], errors);
        }
        else
        {
            Assert.Contains(told, Assert.Single(errors), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Objects_need_a_token()
    {
        var mesh = Load("  configMaps: [{name: a, configMap: m, namespaces: [x]}]");
        mesh.Publish.Kubernetes.TokenFile = _folder.File("none");
        Assert.Contains("tokenFile", Assert.Single(PublishRules.Check(mesh)), StringComparison.Ordinal);
    }

    private MeshConfiguration Load(string section)
    {
        var mesh = new MeshConfiguration();
        Microsoft.Extensions.Configuration.ConfigurationBinder.Bind(
            ConfigurationLoader.Load(_folder.Write("meshgrains.yaml", $"publish:\n{section}\n"), [], []), mesh);
        if (mesh.Publish.ConfigMaps.Count + mesh.Publish.ClusterTrustBundles.Count > 0)
        {
            mesh.Publish.Kubernetes.TokenFile = _folder.Write("token", "t");
            mesh.Publish.Kubernetes.CaFile = "";
        }

        return mesh;
    }
}
