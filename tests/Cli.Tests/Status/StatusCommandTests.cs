using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

public sealed class StatusCommandTests
{
    [Fact]
    public async Task A_ready_control_plane_is_exit_code_0()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/status", new JsonObject
        {
            ["trustDomain"] = "mesh.test", ["cluster"] = "main", ["ready"] = true, ["problems"] = new JsonArray(), ["logQueueDepth"] = 2, ["denialNumber"] = 5,
            ["now"] = "2030-01-01T00:00:00Z",
            ["issuer"] = new JsonObject { ["authorityId"] = "ca1", ["rootAuthorityId"] = "r", ["bundleNumber"] = 3, ["exposureSeconds"] = 7200 },
            ["issuingCas"] = new JsonArray(new JsonObject { ["authorityId"] = "ca1", ["silo"] = "silo-1", ["state"] = "active", ["notAfter"] = "2030-01-03T00:00:00Z" }),
            ["liveCertificates"] = new JsonObject { ["ca1"] = 42 },
        });

        var run = await mesh.RunAsync("status");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Contains("ready         yes\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("ca1, for 2h more", run.Output, StringComparison.Ordinal);
        Assert.Contains("ca1        silo-1 active 2030-01-03 00:00:00Z 42\n", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public async Task One_that_is_not_ready_is_exit_code_1_with_its_problems(string output)
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/status", new JsonObject
        {
            ["trustDomain"] = "mesh.test", ["cluster"] = "main", ["ready"] = false, ["problems"] = new JsonArray("issuance: no CA"), ["now"] = "2030-01-01T00:00:00Z",
        });

        var run = await mesh.RunAsync("status", "-o", output);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("issuance: no CA", run.Output, StringComparison.Ordinal);
    }
}
