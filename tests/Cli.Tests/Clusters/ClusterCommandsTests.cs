using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

public sealed class ClusterCommandsTests
{
    [Fact]
    public async Task Members_are_listed_with_what_a_rotation_waits_for_there()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/clusters", new JsonObject
        {
            ["home"] = "main",
            ["bundleNumber"] = 7,
            ["clusters"] = new JsonArray(
                new JsonObject
                {
                    ["name"] = "eu", ["allowedPaths"] = new JsonArray("/ns/eu"), ["heardAt"] = "2030-01-01T00:00:00Z", ["bundleNumber"] = 6, ["phase"] = "drain",
                    ["missing"] = new JsonArray("silo-2 (bundle 6)"), ["live"] = 3,
                },
                new JsonObject { ["name"] = "us", ["allowedPaths"] = new JsonArray("/ns/us") }),
        });

        var run = await mesh.RunAsync("cluster", "list");
        var json = await mesh.RunAsync("cluster", "list", "-o", "json");

        Assert.Contains("Home cluster main, bundle 7", run.Output, StringComparison.Ordinal);
        Assert.Contains("2030-01-01 00:00:00Z", run.Output, StringComparison.Ordinal);
        Assert.Contains("drain: waits for silo-2 (bundle 6); 3 live", run.Output, StringComparison.Ordinal);
        Assert.Contains("never", run.Output, StringComparison.Ordinal);
        Assert.Equal(["eu", "us"], json.Json["clusters"]!.AsArray().Select(cluster => (string)cluster!["name"]!));
    }
}
