using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

public sealed class IdentityCommandsTests
{
    private const string Web = "spiffe://mesh.test/web";

    [Fact]
    public async Task Quarantine_and_release_send_the_reason_and_tell_since_when_it_holds()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var quarantine = await mesh.RunAsync("identity", "quarantine", Web, "--reason", "key leaked");
        var release = await mesh.RunAsync("identity", "release", Web, "--reason", "key replaced", "-o", "json");

        Assert.Equal("""{"spiffeId":"spiffe://mesh.test/web","reason":"key leaked"}""", mesh.Requests[0].Body);
        Assert.Equal("DELETE /v1/denials?spiffeId=spiffe%3A%2F%2Fmesh.test%2Fweb&reason=key%20replaced", mesh.Requests[1].Target);
        Assert.Equal($"{Web}: quarantine is number 1 of the denial set. It holds on every silo since 2030-01-01 00:00:00Z.\n", quarantine.Output);
        Assert.Equal(2, (int)release.Json["number"]!);
    }

    [Fact]
    public async Task A_home_tells_how_it_stands_in_each_member()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("POST", "/v1/denials", new JsonObject
        {
            ["number"] = 9,
            ["effectiveAt"] = "2030-01-01T00:00:00Z",
            ["clusters"] = new JsonArray(
                new JsonObject { ["cluster"] = "eu", ["effectiveAt"] = "2030-01-01T00:00:02Z", ["heardAt"] = "2030-01-01T00:00:02Z", ["cutOff"] = false },
                new JsonObject { ["cluster"] = "us", ["heardAt"] = "2030-01-01T00:00:00Z", ["cutOff"] = false },
                new JsonObject { ["cluster"] = "ap", ["cutOff"] = true }),
        });

        var run = await mesh.RunAsync("identity", "quarantine", Web, "--reason", "x");

        Assert.Contains("In the cluster eu it holds by 2030-01-01 00:00:02Z.\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("The cluster us has not confirmed it yet.\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("The cluster ap is cut off, heard last never: it goes on issuing by what it was told before", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_ends_when_every_silo_has_confirmed()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var asked = 0;
        mesh.Answer("POST", "/v1/denials", new JsonObject { ["number"] = 9 });
        mesh.Answer("GET", "/v1/denials/9", _ => (200, ++asked < 3 ? new JsonObject { ["number"] = 9 } : new JsonObject { ["number"] = 9, ["effectiveAt"] = "2030-01-01T00:00:03Z" }));

        var plain = await mesh.RunAsync("identity", "quarantine", Web, "--reason", "x");
        var waited = await FakeMesh.RunAsync(
            ["identity", "quarantine", Web, "--reason", "x", "--wait", "1m", "--data", mesh.Data], new HastyTime(mesh.Time.GetUtcNow()));

        Assert.Equal(ExitCode.Done, plain.ExitCode);
        Assert.Contains("Not every silo has confirmed it yet", plain.Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, waited.ExitCode);
        Assert.Contains("since 2030-01-01 00:00:03Z", waited.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_in_vain_is_a_failure()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("POST", "/v1/denials", new JsonObject { ["number"] = 9 });
        mesh.Answer("GET", "/v1/denials/9", new JsonObject { ["number"] = 9 });

        var run = await FakeMesh.RunAsync(
            ["identity", "quarantine", Web, "--reason", "x", "--wait", "5s", "--data", mesh.Data], new HastyTime(mesh.Time.GetUtcNow()));

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("Not every silo", run.Output, StringComparison.Ordinal);
    }
}
