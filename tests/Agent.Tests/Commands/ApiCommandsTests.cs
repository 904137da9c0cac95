using System.Text.Json.Nodes;
using MeshGrains.Agent.Commands;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Tests.Commands;

/// <summary><c>meshgrains-agent api</c>: this process is the workload.</summary>
public sealed class ApiCommandsTests
{
    private static readonly string Own = $"unix:uid:{Tool.Run("/usr/bin/id", ["-u"]).Output.Trim()}";

    [Theory]
    [InlineData("api", "fetch", "x509")]
    [InlineData("api", "fetch")]
    public async Task Fetch_tells_every_identity_its_hint_and_its_life(params string[] command)
    {
        await using var agent = await WithIdentitiesAsync();

        var run = await CommandRun.OfAsync([.. command, "--socket", agent.Socket]);

        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.Contains("2 SVIDs\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("SPIFFE ID:  spiffe://test.mesh/first  (hint internal)", run.Output, StringComparison.Ordinal);
        Assert.Contains("SPIFFE ID:  spiffe://test.mesh/second\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("Chain:      2 certificates; 1 roots", run.Output, StringComparison.Ordinal);
        Assert.Contains("Federated:  spiffe://partner.example, 1 roots", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--write", "--socket")]
    [InlineData("-write", "-socketPath")]
    public async Task Fetch_writes_what_programs_read_and_keys_for_their_owner_alone(string write, string socket)
    {
        await using var agent = await WithIdentitiesAsync();
        var folder = Path.Combine(agent.Folder, "out");
        foreach (var time in new[] { 1, 2 })
        {
            var run = await CommandRun.OfAsync("api", "fetch", "x509", write, folder, socket, $"unix://{agent.Socket}", "--silent");
            Assert.True(run is { ExitCode: 0, Output: "" }, $"{time}: {run}");
        }

        Assert.Equal(
            ["bundle.0.pem", "bundle.1.pem", "federated_bundle.0.0.pem", "federated_bundle.1.0.pem", "svid.0.key", "svid.0.pem", "svid.1.key", "svid.1.pem"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("-rw-------", Mode(Path.Combine(folder, "svid.0.key")));
        Assert.Equal("-rw-r--r--", Mode(Path.Combine(folder, "svid.0.pem")));
        Assert.True(PemBundle.TryRead(File.ReadAllText(Path.Combine(folder, "svid.1.pem")), out var chain, out var error), error);
        Assert.Equal(["spiffe://test.mesh/second"], chain[0].UriNames);
        Assert.Equal(agent.Ca.BundlePem, File.ReadAllText(Path.Combine(folder, "bundle.0.pem")));
        using var key = System.Security.Cryptography.ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(Path.Combine(folder, "svid.1.key")));
        Assert.Equal(chain[0].SubjectPublicKeyInfo.ToArray(), key.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public async Task As_JSON_it_is_one_document_without_a_key()
    {
        await using var agent = await WithIdentitiesAsync();

        var run = await CommandRun.OfAsync("api", "fetch", "x509", "--json", "--socket", agent.Socket);

        var json = JsonNode.Parse(run.Output)!;
        Assert.Equal("spiffe://test.mesh/first", (string?)json["svids"]![0]!["spiffeId"]);
        Assert.Equal(agent.Ca.BundlePem, (string?)json["svids"]![0]!["bundle"]);
        Assert.NotNull(json["federatedBundles"]!["spiffe://partner.example"]);
        Assert.DoesNotContain("PRIVATE", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_agent_it_ends_with_1_and_tells_where_to_look()
    {
        var run = await CommandRun.OfAsync("api", "fetch", "x509", "--socket", "/tmp/there/is/no/agent.sock", "--timeout", "2");

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("Unavailable: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("meshgrains-agent healthcheck", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_identity_it_ends_with_1_and_names_the_entries()
    {
        await using var agent = await PlayedAgent.StartAsync();
        agent.Sync();

        var run = await CommandRun.OfAsync("api", "fetch", "x509", "--socket", agent.Socket);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("PermissionDenied: No identity issued", run.Error, StringComparison.Ordinal);
        Assert.Contains("meshctl entry list", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_prints_at_each_change_until_it_is_stopped()
    {
        await using var agent = await WithIdentitiesAsync();
        using var stop = new CancellationTokenSource();
        using var output = new StringWriter();
        var shown = TextWriter.Synchronized(output);
        var watching = AgentCommand.RunAsync(["api", "watch", "--json", "--socket", agent.Socket], shown, shown, stop.Token);
        string Shown()
        {
            lock (shown)
            {
                return output.ToString();
            }
        }

        await Eventually.HoldsAsync(() => Shown().Contains('\n', StringComparison.Ordinal), "the first state");
        agent.Renew("first");
        await Eventually.HoldsAsync(() => Shown().Count(c => c == '\n') == 2, "the second state");
        await stop.CancelAsync();

        Assert.Equal(0, await watching);
        var serials = Shown().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => (string?)JsonNode.Parse(line)!["svids"]![0]!["serial"]).ToList();
        Assert.Equal(2, serials.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task The_variable_of_the_specification_says_where_the_agent_is()
    {
        await using var agent = await WithIdentitiesAsync();
        foreach (var (value, code) in new[] { ($"unix://{agent.Socket}", 0), (agent.Socket, 0), ("tcp://127.0.0.1:1", 1) })
        {
            var run = await Tool.RunAsync(
                CommandRun.Executable, ["api", "fetch", "--silent"], environment: new Dictionary<string, string?> { ["SPIFFE_ENDPOINT_SOCKET"] = value });
            Assert.True(run.ExitCode == code, $"{value}: {run}");
        }
    }

    [Theory]
    [InlineData("unix:///run/a.sock", "/run/a.sock")]
    [InlineData("unix:/run/a.sock", "/run/a.sock")]
    [InlineData("/run/a.sock", "/run/a.sock")]
    [InlineData("unix://run/a.sock", null)]
    [InlineData("run/a.sock", null)]
    [InlineData("tcp://127.0.0.1:8081", null)]
    [InlineData("unix:///run/a.sock?x=1", null)]
    [InlineData("", null)]
    public void A_socket_is_an_absolute_path_with_or_without_its_scheme(string text, string? path) => Assert.Equal(path, SocketOption.PathOf(text));

    private static async Task<PlayedAgent> WithIdentitiesAsync()
    {
        var agent = await PlayedAgent.StartAsync();
        agent.Push(new MeshCa("partner.example").Wire(1));
        agent.Entry("first", Own, "internal", "partner.example");
        agent.Entry("second", Own);
        return agent;
    }

    private static string Mode(string file) => Tool.Run("/usr/bin/stat", ["-c", "%A", file]).Output.Trim();
}
