using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

public sealed class IssuanceCommandsTests
{
    [Fact]
    public async Task The_newest_come_first_up_to_the_limit()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/issuances", request => request.Query.Contains("before", StringComparison.Ordinal)
            ? (200, new JsonObject { ["issuances"] = new JsonArray(Record(1)) })
            : (200, new JsonObject { ["issuances"] = new JsonArray(Record(3), Record(2)), ["next"] = 2 }));

        var run = await mesh.RunAsync("issuance", "list", "--spiffe-id", "spiffe://mesh.test/a?b", "--limit", "5", "-o", "json");
        var table = await mesh.RunAsync("issuance", "list", "--limit", "2");

        Assert.Equal(["serial3", "serial2", "serial1"], run.Json["issuances"]!.AsArray().Select(one => (string)one!["serial"]!));
        Assert.Equal(
            [
                "GET /v1/issuances?limit=5&spiffeId=spiffe%3A%2F%2Fmesh.test%2Fa%3Fb", "GET /v1/issuances?limit=3&spiffeId=spiffe%3A%2F%2Fmesh.test%2Fa%3Fb&before=2",
                "GET /v1/issuances?limit=2",
            ],
            mesh.Requests.Select(request => request.Target));
        Assert.Equal(3, table.Output.TrimEnd().Split('\n').Length);
        Assert.Contains("--limit", table.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_record_is_shown_in_full()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/issuances", new JsonObject { ["issuances"] = new JsonArray(Record(3)) });

        var run = await mesh.RunAsync("issuance", "list", "--serial", "0A:0b");

        Assert.Equal("GET /v1/issuances?serial=0A%3A0b", Assert.Single(mesh.Requests).Target);
        Assert.Contains("registration  entry:e1\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("der sha-256   abcd\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_found_is_said()
    {
        await using var mesh = await FakeMesh.StartAsync();

        Assert.Equal("There are no such issuances.\n", (await mesh.RunAsync("issuance", "list")).Output);
    }

    private static JsonObject Record(int position) => new()
    {
        ["position"] = position, ["kind"] = "x509Svid", ["serial"] = $"serial{position}", ["spiffeId"] = "spiffe://mesh.test/a", ["issuerAuthorityId"] = "ca1",
        ["notBefore"] = "2030-01-01T00:00:00Z", ["notAfter"] = "2030-01-01T01:00:00Z", ["requestId"] = "q", ["caller"] = "join:1", ["registrationId"] = "entry:e1",
        ["attestedAt"] = "2030-01-01T00:00:00Z", ["bundleNumber"] = 1, ["derSha256"] = "abcd", ["issuedAt"] = "2030-01-01T00:00:00Z",
    };
}
