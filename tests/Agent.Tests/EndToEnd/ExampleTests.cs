using System.Globalization;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.LocalCluster;
using MeshGrains.Silo.Tests;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>What examples/ shows, run as its readers run it, against one silo.</summary>
public sealed class ExampleTests(ExampleTests.Stage stage) : IClassFixture<ExampleTests.Stage>
{
    [SkippableFact]
    public Task Nginx_serves_mutual_TLS_from_files()
    {
        Tool.RequireThat(NginxServer.Program is not null, "'nginx'", NginxServer.Package);
        Tool.Require("curl", "curl");
        return HoldsAsync("nginx");
    }

    [SkippableFact]
    public Task Haproxy_serves_mutual_TLS_from_files()
    {
        Tool.RequireThat(HaproxyServer.Program is not null, "'haproxy'", HaproxyServer.Package);
        Tool.Require("curl", "curl");
        return HoldsAsync("haproxy");
    }

    [SkippableFact]
    public Task Python_gRPC_talks_on_while_its_files_rotate()
    {
        Tool.RequirePython("grpc", "python3-grpcio");
        return HoldsAsync("grpc-python");
    }

    [Fact]
    public Task CSharp_talks_on_while_its_SVIDs_rotate() => HoldsAsync("csharp");

    private async Task HoldsAsync(string example)
    {
        var environment = new Dictionary<string, string?>
        {
            ["MESH_DATA"] = stage.Silo.Data,
            ["MESH_CTL"] = Program("Cli", "meshctl"),
            ["MESH_AGENT"] = Program("Agent", "meshgrains-agent"),
            ["WORKLOAD_EXAMPLE"] = Program("WorkloadExample", "workload-example"),
            ["TRUST_DOMAIN"] = SiloClient.TrustDomain,
            ["PORT"] = LoopbackPort.Free().ToString(CultureInfo.InvariantCulture),
            ["TTL"] = "6s",
            ["ROTATIONS"] = "1",
            ["PYTHONDONTWRITEBYTECODE"] = "1",
        };
        var result = await Tool.RunAsync(
            Path.Combine(MeshTree.Root, "examples", example, "run"), ["--check"], environment: environment, timeout: TimeSpan.FromSeconds(120));
        Assert.True(result.ExitCode == 0, $"{result.Output}{result.Errors}");
        Assert.Contains("all of it held", result.Output, StringComparison.Ordinal);
    }

    private static string Program(string project, string name) =>
        Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", project, new DirectoryInfo(AppContext.BaseDirectory).Name, name));

    public sealed class Stage : IAsyncLifetime, IDisposable
    {
        private readonly TempDirectory _folder = new();

        internal SiloProcess Silo { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Silo = await SiloProcess.StartAsync(_folder.File("silo"), ["--set", "ca.allowShortLives=true"]);
            await Silo.ReadyAsync(withTemplates: false);
        }

        public async Task DisposeAsync() => await Silo.DisposeAsync();

        public void Dispose() => _folder.Dispose();
    }
}
