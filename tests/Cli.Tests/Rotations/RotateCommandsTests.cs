using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

public sealed class RotateCommandsTests
{
    [Fact]
    public async Task A_start_takes_how_fast_and_why_and_tells_how_to_follow()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("POST", "/v1/rotation", Status("prepare"), 202);

        var run = await mesh.RunAsync(
            "rotate", "root", "start", "--compromised", "--reissue-over", "10m", "--reason", "lost card", "--idempotency-key", "job-7");
        var plain = await mesh.RunAsync("rotate", "root", "start", "--reason", "yearly", "-o", "json");

        Assert.Equal((ExitCode.Done, ExitCode.Done), (run.ExitCode, plain.ExitCode));
        Assert.Equal("""{"reason":"lost card","compromised":true,"reissueOverSeconds":600}""", mesh.Requests[0].Body);
        Assert.Equal("""{"reason":"yearly","compromised":false}""", mesh.Requests[1].Body);
        Assert.Equal(("job-7", ""), (mesh.Requests[0].IdempotencyKey, mesh.Requests[1].IdempotencyKey ?? ""));
        Assert.Contains("Rotation r1 of the root of mesh.test is under way. 'rotate root status --wait' follows it.", run.Output, StringComparison.Ordinal);
        Assert.Equal("r1", (string)plain.Json["rotation"]!["id"]!);
    }

    [Fact]
    public async Task The_status_tells_phase_gates_who_is_missing_what_is_left_and_who_was_passed_by()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/rotation", Status("distribute", Gate("silos", true), Gate("agents", false, 21, "n1 (bundle 6)", "n2\u001b[31m (bundle 6)")));

        var run = await mesh.RunAsync("rotate", "root", "status");
        var json = await mesh.RunAsync("rotate", "root", "status", "--output", "json");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        foreach (var words in new[]
        {
            "distribute: the next root lies in the bundle and signs nothing yet",
            "2030-01-01 00:00:00Z, for 1m 5s",
            "root-old", "root-new", "7; everyone is to hold 8",
            "3 live certificates chain to the leaving root",
            "this phase ends about 2030-01-01 00:10:00Z, in 8m 55s",
            "silos  open", "agents SHUT 21",
            "  n1 (bundle 6)\n", "  n2?[31m (bundle 6)\n", "  and 19 more\n",
            "forced distribute ada n1 is scrap Passed by: agents (1: n1)",
        })
        {
            Assert.Contains(words, run.Output, StringComparison.Ordinal);
        }

        Assert.Equal(("agents", 21), ((string)json.Json["gates"]![1]!["name"]!, (int)json.Json["gates"]![1]!["waits"]!));
        Assert.Equal("n1 (bundle 6)", (string)json.Json["notAcknowledged"]![0]!);
    }

    [Fact]
    public async Task A_domain_whose_root_was_never_rotated_is_told_so()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/rotation", new JsonObject { ["trustDomain"] = "mesh.test", ["bundleNumber"] = 3, ["now"] = "2030-01-01T00:00:00Z", ["gates"] = new JsonArray() });

        var run = await mesh.RunAsync("rotate", "root", "status", "--wait");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Contains("The root of mesh.test was never rotated. Bundle 3.", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_follows_through_silences_until_the_phase_is_reached_and_tells_changes_once()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var asked = 0;
        mesh.Answer("GET", "/v1/rotation", _ => ++asked switch
        {
            1 or 2 => (200, Status("distribute", Gate("agents", false, 2, "n1"))),
            3 => (503, null),
            _ => (200, Status("drain", Gate("certificates", false, 9))),
        });

        var run = await FakeMesh.RunAsync(
            ["rotate", "root", "status", "--wait", "--phase", "activate", "--data", mesh.Data], new HastyTime(mesh.Time.GetUtcNow()));

        Assert.Equal((ExitCode.Done, 4), (run.ExitCode, asked));
        var told = run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, told.Length);
        Assert.EndsWith("distribute; shut: agents (2)", told[0], StringComparison.Ordinal);
        Assert.StartsWith("No answer now:", told[1], StringComparison.Ordinal);
        Assert.EndsWith("drain; shut: certificates (9)", told[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_ends_with_its_time_and_an_exit_code()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/rotation", Status("distribute", Gate("agents", false, 2, "n1")));

        var run = await FakeMesh.RunAsync(
            ["rotate", "root", "status", "--wait", "--timeout", "5s", "--data", mesh.Data], new HastyTime(mesh.Time.GetUtcNow()));

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("It has not reached 'done' within 5s.", run.Error, StringComparison.Ordinal);
        Assert.Contains("agents SHUT 2", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pause")]
    [InlineData("resume")]
    [InlineData("rollback")]
    [InlineData("force")]
    public async Task A_change_needs_a_reason_and_may_name_the_rotation(string verb)
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("POST", $"/v1/rotation/{verb}", Status("distribute"));

        var without = await mesh.RunAsync("rotate", "root", verb);
        var run = await mesh.RunAsync("rotate", "root", verb, "--reason", "as agreed", "--rotation", "r1");

        Assert.Equal((ExitCode.Usage, ExitCode.Done), (without.ExitCode, run.ExitCode));
        Assert.Equal("""{"reason":"as agreed","rotationId":"r1"}""", Assert.Single(mesh.Requests).Body);
        Assert.StartsWith($"{verb}: rotation r1 of the root of mesh.test, phase distribute. ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Force_names_the_gates_that_it_passes_by()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var status = Status("distribute");
        status["forced"] = new JsonArray(Gate("agents", false, 1, "n1 (bundle 6)"));
        mesh.Answer("POST", "/v1/rotation/force", status);

        var run = await mesh.RunAsync("rotate", "root", "force", "--reason", "n1 is scrap");
        status["forced"] = new JsonArray();
        mesh.Answer("POST", "/v1/rotation/force", status);
        var open = await mesh.RunAsync("rotate", "root", "force", "--reason", "n1 is scrap");

        Assert.Contains("Shut at this moment, and passed by unless they open first:", run.Output, StringComparison.Ordinal);
        Assert.Contains("  n1 (bundle 6)\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("No gate is shut at this moment.", open.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_is_told_in_its_own_words()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Refuse("POST", "/v1/rotation/rollback", 409, "drain_began", "The rotation is past its rollback (drain).");

        var run = await mesh.RunAsync("rotate", "root", "rollback", "--reason", "x");

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("past its rollback (drain)", run.Error, StringComparison.Ordinal);
    }

    private static JsonObject Status(string phase, params JsonObject[] gates) => new()
    {
        ["trustDomain"] = "mesh.test",
        ["bundleNumber"] = 7,
        ["now"] = "2030-01-01T00:01:05Z",
        ["rotation"] = new JsonObject
        {
            ["id"] = "r1", ["phase"] = phase, ["phaseSince"] = "2030-01-01T00:00:00Z", ["phaseSeconds"] = 65, ["startedAt"] = "2029-12-31T23:59:00Z",
            ["leavingRoot"] = "root-old", ["stayingRoot"] = "root-new", ["waitsForBundle"] = 8, ["paused"] = false, ["rolledBack"] = false, ["compromised"] = false,
            ["reissueOverSeconds"] = 0, ["forcePending"] = false,
            ["events"] = new JsonArray(new JsonObject
            {
                ["at"] = "2030-01-01T00:00:00Z", ["event"] = "forced", ["phase"] = "distribute", ["actor"] = "ada", ["detail"] = "n1 is scrap Passed by: agents (1: n1)",
            }),
        },
        ["gates"] = new JsonArray([.. gates]),
        ["notAcknowledged"] = new JsonArray("n1 (bundle 6)"),
        ["chainsToLeavingRoot"] = 3,
        ["estimatedPhaseEnd"] = "2030-01-01T00:10:00Z",
    };

    private static JsonObject Gate(string name, bool open, int waits = 0, params string[] missing) => new()
    {
        ["name"] = name, ["open"] = open, ["waits"] = waits, ["missing"] = new JsonArray([.. missing.Select(one => JsonValue.Create(one))]), ["detail"] = "as it is",
    };
}
