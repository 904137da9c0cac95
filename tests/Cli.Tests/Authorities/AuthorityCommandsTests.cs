using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

public sealed class AuthorityCommandsTests
{
    [Fact]
    public async Task Roots_and_issuing_cas_are_listed_together()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/authorities", new JsonObject
        {
            ["trustDomain"] = "mesh.test", ["bundleNumber"] = 4, ["refreshHintSeconds"] = 300,
            ["authorities"] = new JsonArray(new JsonObject
            {
                ["authorityId"] = "r00t", ["state"] = "active", ["notBefore"] = "2030-01-01T00:00:00Z", ["notAfter"] = "2040-01-01T00:00:00Z",
                ["keyReference"] = "file:root/1",
            }),
        });
        mesh.Answer("GET", "/v1/issuing-cas", new JsonObject { ["issuingCas"] = new JsonArray(IssuingCa("active", null)) });

        var text = await mesh.RunAsync("authority", "list");
        var json = await mesh.RunAsync("authority", "list", "-o", "json");

        Assert.Contains("Trust domain mesh.test, bundle 4\n", text.Output, StringComparison.Ordinal);
        Assert.Contains("r00t           active 2030-01-01 00:00:00Z 2040-01-01 00:00:00Z file:root/1\n", text.Output, StringComparison.Ordinal);
        Assert.Contains("ca1        silo-1 active 2030-01-04 00:00:00Z r00t\n", text.Output, StringComparison.Ordinal);
        Assert.Equal(("r00t", "ca1"), ((string)json.Json["authorities"]![0]!["authorityId"]!, (string)json.Json["issuingCas"]![0]!["authorityId"]!));
    }

    [Fact]
    public async Task Taint_needs_a_reason_and_sends_it()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("POST", "/v1/issuing-cas/ca1/taint", IssuingCa("tainted", "broken into"));

        var without = await mesh.RunAsync("authority", "taint", "ca1");
        var run = await mesh.RunAsync("authority", "taint", "ca1", "--reason", "broken into");

        Assert.Equal(ExitCode.Usage, without.ExitCode);
        Assert.Equal("""{"reason":"broken into"}""", Assert.Single(mesh.Requests).Body);
        Assert.Contains("tainted 2030-01-04 00:00:00Z r00t broken into\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taint_may_give_agents_a_time_to_replace_what_the_CA_signed()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("POST", "/v1/issuing-cas/ca1/taint", IssuingCa("tainted", "sold"));

        await mesh.RunAsync("authority", "taint", "ca1", "--reason", "sold", "--reissue-over", "10m");

        Assert.Equal("""{"reason":"sold","reissueOverSeconds":600}""", Assert.Single(mesh.Requests).Body);
    }

    private static JsonObject IssuingCa(string state, string? taint) => new()
    {
        ["authorityId"] = "ca1", ["rootAuthorityId"] = "r00t", ["silo"] = "silo-1", ["state"] = state, ["notBefore"] = "2030-01-01T00:00:00Z",
        ["notAfter"] = "2030-01-04T00:00:00Z", ["taintReason"] = taint,
    };
}
