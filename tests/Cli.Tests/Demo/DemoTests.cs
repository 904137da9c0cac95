using System.Text.Json.Nodes;

namespace MeshGrains.Cli.Tests;

public sealed class DemoTests
{
    [Fact]
    public async Task The_demo_holds_and_shows_the_commands_that_one_types()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var run = await mesh.RunAsync("demo");

        Assert.True(run.ExitCode == ExitCode.Done, run.ToString());
        Assert.Contains($"$ meshctl svid fetch spiffe://mesh.test/demo/backend --out ", run.Output, StringComparison.Ordinal);
        Assert.Contains("expectations held.", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("[FAIL]", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("mgj_", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_can_be_shown_again_with_what_it_left()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var work = mesh.Directory.File("work");

        var first = await mesh.RunAsync("demo", "--work", work);
        var second = await mesh.RunAsync("demo", "--work", work, "-o", "json");

        Assert.True(first.ExitCode == ExitCode.Done, first.ToString());
        Assert.True(second.ExitCode == ExitCode.Done, second.ToString());
        Assert.True((bool)second.Json["passed"]!);
        Assert.Equal(["backend", "frontend", "visitor"], Directory.GetDirectories(work).Select(Path.GetFileName).Order());
        Assert.Empty(Directory.GetFiles(work));
    }

    [Fact]
    public async Task A_control_plane_that_forgets_a_quarantine_is_found_out()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.ForgetsQuarantine = true;

        var run = await mesh.RunAsync("demo");

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("[FAIL] The backend's renewal is refused", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_control_plane_that_takes_a_token_twice_is_found_out()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.KeepsTokens = true;

        var run = await mesh.RunAsync("demo");

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("[FAIL] The same token is refused the second time.", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_it_breaks_off_the_backend_is_let_out_again()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/denials", JsonValue.Create("no list"));
        mesh.Answer("GET", "/v1/issuances", JsonValue.Create("no list"));

        var run = await mesh.RunAsync("demo");

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains(mesh.Requests, request => request.Target.StartsWith("DELETE /v1/denials?spiffeId=spiffe%3A%2F%2Fmesh.test%2Fdemo%2Fbackend", StringComparison.Ordinal));
    }
}
