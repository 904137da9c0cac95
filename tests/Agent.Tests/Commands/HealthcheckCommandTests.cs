using System.Text.Json.Nodes;
using MeshGrains.Agent.Tests.Kit;

namespace MeshGrains.Agent.Tests.Commands;

public sealed class HealthcheckCommandTests
{
    [Fact]
    public async Task It_tells_who_answers_who_serves_and_whether_the_control_plane_is_there()
    {
        await using var agent = await PlayedAgent.StartAsync();
        var before = await RunAsync(agent);
        var shallow = await RunAsync(agent, "--shallow");
        agent.Entry("app", "unix:uid:4711");
        await Eventually.HoldsAsync(async () => (await RunAsync(agent)).ExitCode == 0, "it serves");
        var after = await RunAsync(agent);

        Assert.Equal((1, 0), (before.ExitCode, shallow.ExitCode));
        Assert.StartsWith("The agent answers and does not serve yet", before.Output, StringComparison.Ordinal);
        Assert.Equal("The agent serves.\nThe control plane is not connected; /readyz and the log tell why.\n", after.Output);
        Assert.StartsWith("ok, serving what is held: ", await agent.HttpAsync("/readyz"), StringComparison.Ordinal);
        Assert.Equal("ok\n", await agent.HttpAsync("/livez"));
    }

    [Fact]
    public async Task As_JSON_for_scripts()
    {
        await using var agent = await PlayedAgent.StartAsync();

        var run = await RunAsync(agent, "--json");

        Assert.Equal("""{"answers":true,"serves":false,"controlPlane":false}""", JsonNode.Parse(run.Output)!.ToJsonString());
        Assert.Equal(1, run.ExitCode);
    }

    [Theory]
    [InlineData]
    [InlineData("--shallow")]
    public async Task Where_nobody_listens_it_fails(params string[] how)
    {
        var run = await CommandRun.OfAsync(["healthcheck", "--socket", "/tmp/there/is/no/agent.sock", .. how]);

        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("The agent is not reached: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Not_ready_is_told_with_its_reason()
    {
        await using var agent = await PlayedAgent.StartAsync();

        Assert.StartsWith("not ready: ", await agent.HttpAsync("/readyz"), StringComparison.Ordinal);
        Assert.Equal("ok\n", await agent.HttpAsync("/livez"));
    }

    private static Task<CommandRun> RunAsync(PlayedAgent agent, params string[] how) => CommandRun.OfAsync(["healthcheck", "--socket", agent.Socket, .. how]);
}
