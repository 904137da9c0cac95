using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

public sealed class AgentCommandsTests
{
    [Fact]
    public async Task Agents_are_listed_page_by_page_and_those_away_have_empty_places()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/agents", request => (200, request.Query.Contains("after=n1", StringComparison.Ordinal)
            ? new JsonObject { ["agents"] = new JsonArray(Agent("n2", "away")) }
            : new JsonObject { ["agents"] = new JsonArray(Agent("n1", "connected", "silo-2")), ["next"] = "n1" }));

        var run = await mesh.RunAsync("agent", "list");
        var json = await mesh.RunAsync("agent", "list", "-o", "json");

        Assert.Contains("n1   connected silo-2 10.0.0.7:1 1.2     9      2030-01-01 01:00:00Z x509pop\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("n2   away ", run.Output, StringComparison.Ordinal);
        Assert.Equal(["n1", "n2"], json.Json["agents"]!.AsArray().Select(agent => (string)agent!["name"]!));
    }

    [Fact]
    public async Task One_agent_is_shown_by_its_name()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/agents/rack%2Fn1", Agent("rack/n1", "connected", "silo-2"));

        var run = await mesh.RunAsync("agent", "show", "rack/n1");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Contains("to silo-2 from 10.0.0.7:1 since 2030-01-01 00:00:00Z", run.Output, StringComparison.Ordinal);
        Assert.Contains("2030-01-01 00:00:00Z by x509pop", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evict", "POST", "/v1/agents/n1/evict")]
    [InlineData("ban", "POST", "/v1/agents/n1/ban")]
    [InlineData("unban", "DELETE", "/v1/agents/n1/ban")]
    public async Task A_change_needs_a_reason_and_tells_its_number(string verb, string method, string path)
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer(method, path, new JsonObject { ["number"] = 7, ["effectiveAt"] = "2030-01-01T00:00:00Z" });

        var without = await mesh.RunAsync("agent", verb, "n1");
        var run = await mesh.RunAsync("agent", verb, "n1", "--reason", "sold & gone");

        Assert.Equal((ExitCode.Usage, ExitCode.Done), (without.ExitCode, run.ExitCode));
        Assert.Contains($"n1: {verb} is number 7 of the denial set. It holds on every silo since 2030-01-01 00:00:00Z.", run.Output, StringComparison.Ordinal);
        var request = mesh.Requests[^1];
        Assert.Contains(method == "DELETE" ? "reason=sold%20%26%20gone" : "\"reason\":\"sold \\u0026 gone\"", request.Query + request.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_comes_with_its_entry_and_into_a_file_unseen()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var file = mesh.Directory.File("token");

        var run = await mesh.RunAsync("agent", "token", "rack/n1", "--out", file);
        var again = await mesh.RunAsync("agent", "token", "rack/n1");
        var taken = await mesh.RunAsync("agent", "token", "rack/n1", "--out", file);

        Assert.Equal((ExitCode.Done, ExitCode.Done, ExitCode.Failed), (run.ExitCode, again.ExitCode, taken.ExitCode));
        Assert.Equal(FileSet.Secret, File.GetUnixFileMode(file));
        Assert.DoesNotContain(File.ReadAllText(file).Trim(), run.ToString(), StringComparison.Ordinal);
        Assert.Contains("as spiffe://mesh.test/meshgrains/agent/rack/n1 once", run.Error, StringComparison.Ordinal);
        Assert.Single(mesh.Requests, request => request is { Method: "POST", Path: "/v1/entries" });
        Assert.Equal(2, mesh.Tokens.Count);
    }

    private static JsonObject Agent(string name, string state, string? silo = null)
    {
        var agent = new JsonObject
        {
            ["name"] = name, ["spiffeId"] = $"spiffe://mesh.test/meshgrains/agent/{name}", ["state"] = state, ["attestation"] = "x509pop", ["serial"] = "0a",
            ["notAfter"] = "2030-01-01T01:00:00Z", ["attestedAt"] = "2030-01-01T00:00:00Z", ["acknowledgedBundle"] = 9,
        };
        if (silo is not null)
        {
            (agent["silo"], agent["address"], agent["connectedSince"], agent["version"]) = (silo, "10.0.0.7:1", "2030-01-01T00:00:00Z", "1.2");
        }

        return agent;
    }
}
