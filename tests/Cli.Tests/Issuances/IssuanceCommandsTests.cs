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

    [Fact]
    public async Task A_whole_log_is_a_success()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/issuances/verification", new JsonObject { ["whole"] = true, ["findings"] = new JsonArray() });

        var run = await mesh.RunAsync("issuance", "verify");

        Assert.Equal((ExitCode.Done, "The issuance log is whole.\n"), (run.ExitCode, run.Output));
    }

    [Fact]
    public async Task A_broken_log_is_a_failure_that_tells_what_is_broken()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/issuances/verification", new JsonObject { ["whole"] = false, ["findings"] = new JsonArray("Positions 4 to 6 are missing.") });

        var run = await mesh.RunAsync("issuance", "verify");
        var json = await mesh.RunAsync("issuance", "verify", "-o", "json");

        Assert.Equal((ExitCode.Failed, "Positions 4 to 6 are missing.\nThe issuance log is BROKEN.\n"), (run.ExitCode, run.Output));
        Assert.Equal(ExitCode.Failed, json.ExitCode);
        Assert.Equal("Positions 4 to 6 are missing.", (string)json.Json["findings"]![0]!);
    }

    [Fact]
    public async Task An_answer_that_says_nothing_is_no_success()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/issuances/verification", new JsonObject());

        Assert.Equal(ExitCode.Failed, (await mesh.RunAsync("issuance", "verify")).ExitCode);
    }

    private static JsonObject Record(int position) => new()
    {
        ["position"] = position, ["kind"] = "x509Svid", ["serial"] = $"serial{position}", ["spiffeId"] = "spiffe://mesh.test/a", ["issuerAuthorityId"] = "ca1",
        ["notBefore"] = "2030-01-01T00:00:00Z", ["notAfter"] = "2030-01-01T01:00:00Z", ["requestId"] = "q", ["caller"] = "join:1", ["registrationId"] = "entry:e1",
        ["attestedAt"] = "2030-01-01T00:00:00Z", ["bundleNumber"] = 1, ["derSha256"] = "abcd", ["issuedAt"] = "2030-01-01T00:00:00Z",
    };
}
