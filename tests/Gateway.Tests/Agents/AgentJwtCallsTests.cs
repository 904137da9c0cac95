using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Tests.Agents;

public sealed class AgentJwtCallsTests
{
    private const string Method = "/meshgrains.agent.v1.NodeAgent/IssueJwt";
    private const string AgentPath = "/meshgrains/agent/n1";

    [Fact]
    public async Task An_agent_gets_a_token_for_each_entry_with_its_audiences_and_a_reason_for_each_that_is_refused()
    {
        await using var host = await StartAsync();
        host.Jwt.Refuse = request => request.Caller.EntryId == "e2"
            ? new Refusal(RefusalCode.PermissionDenied, "not_this_agents_entry", "There is no such entry under this agent.") : null;
        var response = await CallAsync(host, AgentPath, ("e1", ["a", "b"]), ("e2", ["a"]));

        Assert.Equal(["e1", "e2"], response.Results.Select(result => result.EntryId));
        var svid = response.Results[0].Svid;
        Assert.True(JwtSvidValidator.TryValidate(
            svid.Token, "b", _ => host.Issuance.Ca.Snapshot.Bundle, DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1), out var read, out var refusal), $"{refusal}");
        Assert.Equal((svid.SpiffeId, svid.ExpiresAt), (read.Subject.ToString(), read.ExpiresAt.ToUnixTimeSeconds()));
        Assert.Equal(((int)RpcStatusCode.PermissionDenied, "not_this_agents_entry"), (response.Results[1].Code, response.Results[1].Reason));
        Assert.Null(response.Results[1].Svid);
        Assert.All(host.Jwt.Requests, request => Assert.Equal(
            (CallerKind.Agent, "spiffe://mesh.test" + AgentPath), (request.Caller.Kind, request.Caller.Agent!.AgentId)));
    }

    [Fact]
    public async Task An_agent_that_is_refused_gets_nothing()
    {
        await using var host = await StartAsync();
        host.Agents.Refusal = new Refusal(RefusalCode.PermissionDenied, "agent_banned", "This agent is banned.");
        var refused = await Assert.ThrowsAsync<RpcException>(() => CallAsync(host, AgentPath, ("e1", ["a"])));
        Assert.Equal((RpcStatusCode.PermissionDenied, "agent_banned"), (refused.StatusCode, refused.Trailers.Get("mesh-reason")));
        Assert.Empty(host.Jwt.Requests);
    }

    [Fact]
    public async Task Who_is_no_agent_gets_nothing()
    {
        await using var host = await StartAsync();
        var refused = await Assert.ThrowsAsync<RpcException>(() => CallAsync(host, "/ns/shop/sa/cart", ("e1", ["a"])));
        Assert.Equal(RpcStatusCode.PermissionDenied, refused.StatusCode);
        Assert.Empty(host.Jwt.Requests);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(129)]
    public async Task A_batch_has_bounds(int items)
    {
        await using var host = await StartAsync();
        var refused = await Assert.ThrowsAsync<RpcException>(
            () => CallAsync(host, AgentPath, [.. Enumerable.Range(0, items).Select(i => ($"e{i}", new[] { "a" }))]));
        Assert.Equal((RpcStatusCode.InvalidArgument, "batch_size"), (refused.StatusCode, refused.Trailers.Get("mesh-reason")));
    }

    [Fact]
    public async Task Tokens_reach_no_log()
    {
        await using var host = await StartAsync();
        var response = await CallAsync(host, AgentPath, ("e1", ["a"]));
        Assert.DoesNotContain(host.Logs.Lines, line => line.Contains(response.Results[0].Svid.Token, StringComparison.Ordinal));
    }

    private static async Task<IssueJwtResponse> CallAsync(GatewayHost host, string clientPath, params (string Entry, string[] Audience)[] items)
    {
        var request = new IssueJwtRequest();
        foreach (var (entry, audience) in items)
        {
            request.Items.Add(new IssueJwtRequest.Types.Item { EntryId = entry, Audience = { audience } });
        }

        return await host.Channel(clientPath).UnaryAsync(Method, request, IssueJwtResponse.Parser);
    }

    private static Task<GatewayHost> StartAsync() => GatewayHost.StartAsync(prepare: host => host.Issuance.Ca = TestCa.Create(jwtAuthorities: host.Jwt.Authority));
}
