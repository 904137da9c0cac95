using MeshGrains.Agent.Tests.Commands;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>The JWT methods with a silo behind them and Debian's Python gRPC before them.</summary>
public sealed class JwtTests
{
    private const string Script = "jwt.py";
    private static readonly string Own = $"unix:uid:{Tool.Run("id", ["-u"]).Output.Trim()}";

    [SkippableFact]
    public async Task A_foreign_client_gets_tokens_and_keys_that_openssl_accepts_and_every_status_code_by_the_letter()
    {
        Tool.Require("openssl", "openssl");
        await using var stage = await AgentStage.StartAsync();
        await stage.StartAgentAsync();
        await stage.CheckAsync(Script, "header");
        await stage.EntryAsync("/web", [Own], "external");
        await HasTokensAsync(stage, "spiffe://test.mesh/web");

        await stage.CheckAsync(Script, "token", null, stage.Folder, "spiffe://test.mesh", "spiffe://test.mesh/web=external");
        await stage.CheckAsync(Script, "arguments", null, "spiffe://test.mesh/web");
        var records = await stage.Silo.GetAsync("/v1/issuances?spiffeId=spiffe://test.mesh/web");
        Assert.Contains("jwtSvid", records.ToString(), StringComparison.OrdinalIgnoreCase);

        // The command that operators know fetches and judges as well.
        var fetched = await CommandRun.OfAsync("api", "fetch", "jwt", "--audience", "me,you", "--socket", stage.Socket);
        Assert.True(fetched.ExitCode == 0, fetched.ToString());
        var shown = fetched.Output.Split('\n');
        Assert.Equal("token(spiffe://test.mesh/web):  (hint external)", shown[0]);
        Assert.StartsWith("bundle(spiffe://test.mesh):", shown[2], StringComparison.Ordinal);
        var valid = await CommandRun.OfAsync("api", "validate", "jwt", "-audience", "you", "-svid", shown[1].Trim(), "--socket", stage.Socket);
        Assert.True(valid.ExitCode == 0, valid.ToString());
        Assert.Contains("SPIFFE ID:  spiffe://test.mesh/web", valid.Output, StringComparison.Ordinal);
        var wrong = await CommandRun.OfAsync("api", "validate", "jwt", "-audience", "them", "-svid", shown[1].Trim(), "--socket", stage.Socket);
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("not for this audience", wrong.Error, StringComparison.Ordinal);

        // The control plane goes: what is held serves on, nothing new comes, and nothing of it is a lie.
        var token = (await stage.CheckAsync(Script, "print_token", null, "kept")).Trim();
        Assert.True(JwtSvid.TryRead(token, out var svid, out _));
        await stage.StopSiloAsync();
        await ConnectedAsync(stage, false);
        await stage.CheckAsync(Script, "held", null, "kept", token);
        Assert.Equal("spiffe://test.mesh/web", svid.Subject.ToString());

        // The key of before the restart is still the cluster's.
        await stage.StartSiloAsync();
        await ConnectedAsync(stage, true);
        await HasTokensAsync(stage, "spiffe://test.mesh/web", "after the restart");
        var after = (await stage.CheckAsync(Script, "print_token", null, "after")).Trim();
        Assert.True(JwtSvid.TryRead(after, out var later, out _));
        Assert.Equal(svid.KeyId, later.KeyId);
    }

    [SkippableFact]
    public async Task With_an_issuer_a_plain_client_finds_the_key_of_a_token_by_discovery_and_openssl_verifies_it()
    {
        Tool.Require("openssl", "openssl");
        await using var stage = await AgentStage.StartAsync("jwt.issuer=https://id.example.org");
        await stage.StartAgentAsync();
        await stage.EntryAsync("/web", [Own]);
        await HasTokensAsync(stage, "spiffe://test.mesh/web");
        await stage.CheckAsync(Script, "openid", null, stage.Folder, $"https://localhost:{stage.Silo.Gateway.Port}", "https://id.example.org", stage.Bundle);
    }

    [SkippableFact]
    public async Task Who_is_nobody_gets_nothing_and_before_the_control_plane_is_heard_nobody_does()
    {
        await using var agent = await PlayedAgent.StartAsync();
        await agent.CheckAsync(agent.Python("early"), Script, "nobody", "UNAVAILABLE");
        agent.Push(agent.Ca.Wire(1));
        agent.Entry("other", "unix:uid:4242");
        agent.Sync();
        await agent.CheckAsync(agent.Python("nobody"), Script, "nobody");
    }

    /// <summary>The agent has its entry, and its silo a JWT authority in the bundle; nobody had a token for this audience before.</summary>
    private static Task HasTokensAsync(AgentStage stage, string spiffeId, string audience = "warm-up") => Eventually.HoldsAsync(
        async () =>
        {
            try
            {
                return (await WorkloadClient.TokensAsync(stage.Socket, audience)).Contains(spiffeId);
            }
            catch (MeshGrains.Rpc.RpcException)
            {
                return false;
            }
        },
        "there is a token");

    private static Task ConnectedAsync(AgentStage stage, bool connected) => Eventually.HoldsAsync(
        async () =>
        {
            using var client = new HttpClient();
            var metrics = await client.GetStringAsync($"http://127.0.0.1:{stage.OperationsPort}/metrics");

            // The whole line: the help of the metric begins with its name and a number too.
            return metrics.Split('\n').Contains($"meshgrains_agent_connected{{trust_domain=\"test.mesh\"}} {(connected ? 1 : 0)}");
        },
        connected ? "the agent is connected again" : "the agent notices that the control plane is gone");
}
