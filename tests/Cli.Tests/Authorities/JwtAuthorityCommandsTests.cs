using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

public sealed class JwtAuthorityCommandsTests
{
    [Fact]
    public async Task Keys_are_listed_with_whom_the_next_one_waits_for()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/jwt-authorities", View(waiting: true));

        var run = await mesh.RunAsync("authority", "jwt", "list");
        var json = await mesh.RunAsync("authority", "jwt", "list", "-o", "json");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Contains("The prepared key waits for 0 silos and 3 agents that do not hold it.", run.Output, StringComparison.Ordinal);
        Assert.Contains("It signs whoever lags from 2030-01-04 00:00:00Z on.", run.Output, StringComparison.Ordinal);
        Assert.Contains("  agent-1 (bundle 2)\n  and 2 more\n", run.Output, StringComparison.Ordinal);
        Assert.Matches("k0 +ES256 +tainted +2 +2030-01-08 00:00:00Z +core dump ada\n", run.Output);
        Assert.Equal(3, (int)json.Json["waiting"]!["agents"]!);
    }

    [Theory]
    [InlineData("/v1/jwt-authorities/rotate", "authority", "jwt", "rotate")]
    [InlineData("/v1/jwt-authorities/k0/taint", "authority", "jwt", "taint", "k0")]
    public async Task An_order_needs_a_reason(string path, params string[] command)
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("POST", path, View(waiting: false));

        var without = await mesh.RunAsync(command);
        var run = await mesh.RunAsync([.. command, "--reason", "drill"]);

        Assert.Equal((ExitCode.Usage, ExitCode.Done), (without.ExitCode, run.ExitCode));
        Assert.Equal("""{"reason":"drill"}""", Assert.Single(mesh.Requests).Body);
        Assert.DoesNotContain("prepared key", run.Output, StringComparison.Ordinal);
    }

    private static JsonObject View(bool waiting)
    {
        var view = new JsonObject
        {
            ["trustDomain"] = "mesh.test", ["cluster"] = "main", ["now"] = "2030-01-01T00:00:00Z",
            ["keys"] = new JsonArray(new JsonObject
            {
                ["keyId"] = "k0", ["algorithm"] = "ES256", ["state"] = "tainted", ["createdAt"] = "2030-01-01T00:00:00Z", ["notAfter"] = "2030-01-08T00:00:00Z",
                ["secondsLeft"] = 1, ["bundleNumber"] = 2, ["reason"] = "core dump", ["actor"] = "ada",
            }),
        };
        if (waiting)
        {
            view["waiting"] = new JsonObject
            {
                ["notBefore"] = "2029-12-31T00:00:00Z", ["atLatest"] = "2030-01-04T00:00:00Z", ["silos"] = 0, ["agents"] = 3, ["agentsMissing"] = new JsonArray("agent-1 (bundle 2)"),
            };
        }

        return view;
    }
}
