using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

public sealed class FederationCommandsTests
{
    private static JsonObject View(string? trouble = null) => new()
    {
        ["trustDomain"] = "other.test", ["url"] = "https://b.other.test/", ["profile"] = "https_web", ["configured"] = false, ["createdAt"] = "2030-01-01T00:00:00Z",
        ["number"] = 7, ["sequence"] = 3, ["jwtKeys"] = 1, ["lastSuccessAt"] = "2030-01-01T00:00:00Z", ["failures"] = trouble is null ? 0 : 2,
        ["failureReason"] = trouble, ["failure"] = trouble is null ? null : "it went back",
        ["roots"] = new JsonArray(new JsonObject { ["authorityId"] = "ab12", ["notBefore"] = "2030-01-01T00:00:00Z", ["notAfter"] = "2031-01-01T00:00:00Z" }),
    };

    [Fact]
    public async Task Relationships_are_listed_with_what_is_wrong_with_each()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/federation", new JsonObject { ["relationships"] = new JsonArray() });
        Assert.Equal("There is no relationship with a foreign trust domain.\n", (await mesh.RunAsync("federation", "list")).Output);

        mesh.Answer("GET", "/v1/federation", new JsonObject { ["relationships"] = new JsonArray(View("sequence_rollback")) });
        Assert.Contains("sequence_rollback (2)", (await mesh.RunAsync("federation", "list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_relationship_is_begun_with_a_bundle_from_a_file_and_a_reason()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("POST", "/v1/federation", View());
        var run = await mesh.RunAsync(
            "federation", "create", "other.test", "--url", "https://b.other.test/", "--profile", "https_web", "--reason", "partner");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("ab12", run.Output, StringComparison.Ordinal);
        Assert.NotEqual(0, (await mesh.RunAsync("federation", "create", "other.test", "--url", "https://b.other.test/", "--profile", "https_web")).ExitCode);
        Assert.NotEqual(0, (await mesh.RunAsync("federation", "create", "not a domain", "--url", "https://b.other.test/", "--profile", "https_web", "--reason", "x")).ExitCode);
    }

    [Fact]
    public async Task A_refresh_that_took_nothing_fails_and_says_why()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("POST", "/v1/federation/other.test/refresh", View());
        Assert.Equal(0, (await mesh.RunAsync("federation", "refresh", "other.test")).ExitCode);

        mesh.Answer("POST", "/v1/federation/other.test/refresh", View("sequence_rollback"));
        var run = await mesh.RunAsync("federation", "refresh", "other.test");
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("sequence_rollback", run.Error, StringComparison.Ordinal);
    }
}
