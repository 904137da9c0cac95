using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

public sealed class DenialCommandsTests
{
    [Fact]
    public async Task The_set_is_listed_with_reasons()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var empty = await mesh.RunAsync("denial", "list");
        mesh.Answer("GET", "/v1/denials", new JsonObject
        {
            ["number"] = 3,
            ["denials"] = new JsonArray(new JsonObject
            {
                ["kind"] = "quarantinedIdentity", ["subject"] = "spiffe://mesh.test/a", ["number"] = 3, ["reason"] = "leaked", ["actor"] = "uid:0",
                ["since"] = "2030-01-01T00:00:00Z",
            }),
        });

        var run = await mesh.RunAsync("denial", "list");

        Assert.Equal("Nothing is denied.\n", empty.Output);
        Assert.Contains("3      quarantinedIdentity spiffe://mesh.test/a 2030-01-01 00:00:00Z uid:0 leaked\n", run.Output, StringComparison.Ordinal);
    }
}
