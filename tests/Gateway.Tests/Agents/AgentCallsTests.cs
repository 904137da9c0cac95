using System.Security.Cryptography;
using Google.Protobuf;
using MeshGrains.Gateway.Agents;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Tests.Agents;

public sealed class AgentCallsTests
{
    private const string Path = "/meshgrains/agent/n1";

    [Fact]
    public async Task A_node_gets_its_own_identity_for_a_join_token_and_the_bundle_with_it()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Registrations.Add("e1", Path);
        host.Issuance.Answer = null;

        var answer = await AttestAsync(host, "mgj_good");

        Assert.Equal(host.Issuance.Ca.Snapshot.BundleNumber, answer.Bundle.Number);
        Assert.NotEmpty(answer.Svid.Chain);
        Assert.Equal(CallerKind.JoinToken, Assert.Single(host.Issuance.Requests).Caller.Kind);
    }

    [Fact]
    public async Task A_join_token_of_a_workload_admits_no_node()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Registrations.Add("e1", "/ns/shop/sa/cart");

        Assert.Equal((RpcStatusCode.PermissionDenied, "not_an_agent"), await RefusedAsync(() => AttestAsync(host, "mgj_good")));
        Assert.Empty(host.Issuance.Requests);
    }

    [Fact]
    public async Task A_node_attests_once_with_a_token_and_with_nothing_else()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Registrations.Add("e1", Path);

        await AttestAsync(host, "mgj_good");
        Assert.Equal(RpcStatusCode.Unauthenticated, (await RefusedAsync(() => AttestAsync(host, "mgj_good"))).Code);
        Assert.Equal(RpcStatusCode.Unauthenticated, (await RefusedAsync(() => AttestAsync(host, null))).Code);
    }

    [Fact]
    public async Task An_agent_renews_with_its_SVID_until_it_is_denied()
    {
        await using var host = await GatewayHost.StartAsync();
        var request = new RenewRequest { Csr = Csr() };
        var renewed = await host.Channel(Path).UnaryAsync(AgentCalls.Service + "Renew", request, AttestResponse.Parser);
        Assert.Equal("spiffe://mesh.test" + Path, renewed.Svid.SpiffeId);

        host.Agents.Refusal = new Refusal(RefusalCode.PermissionDenied, "agent_evicted", "This agent was evicted.");
        Assert.Equal(
            (RpcStatusCode.PermissionDenied, "agent_evicted"),
            await RefusedAsync(() => host.Channel(Path).UnaryAsync(AgentCalls.Service + "Renew", request, AttestResponse.Parser)));
    }

    [Fact]
    public async Task A_batch_has_an_answer_for_each_item_in_their_order()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Issuance.Answer = request => request.Caller.EntryId == "no"
            ? new Refusal(RefusalCode.Unavailable, "log_unavailable", "The log is away.", RetryAfter: TimeSpan.FromSeconds(2))
            : new IssuedSvid("spiffe://mesh.test/w", "00", [1, 2], host.Issuance.Ca.Snapshot.ChainPem, "", 7, default, default);

        var answer = await IssueAsync(host, "a", "no", "b");

        Assert.Equal(["a", "no", "b"], answer.Results.Select(result => result.EntryId));
        Assert.Equal([0, (int)RpcStatusCode.Unavailable, 0], answer.Results.Select(result => result.Code));
        Assert.Equal(("log_unavailable", 2000), (answer.Results[1].Reason, answer.Results[1].RetryAfterMs));
        Assert.Null(answer.Results[1].Svid);
        Assert.All(host.Issuance.Requests, request => Assert.Equal(
            (CallerKind.Agent, "spiffe://mesh.test" + Path), (request.Caller.Kind, request.Caller.Agent!.AgentId)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(129)]
    public async Task A_batch_has_bounds(int items)
    {
        await using var host = await GatewayHost.StartAsync();

        Assert.Equal(
            (RpcStatusCode.InvalidArgument, "batch_size"), await RefusedAsync(() => IssueAsync(host, [.. Enumerable.Range(0, items).Select(number => $"e{number}")])));
    }

    [Fact]
    public async Task What_is_over_the_quota_is_refused_item_by_item()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Admission.Quota = new Refusal(RefusalCode.ResourceExhausted, "caller_quota", "Too often.");

        Assert.Equal((RpcStatusCode.ResourceExhausted, "caller_quota"), await RefusedAsync(() => IssueAsync(host, "a", "b")));
        Assert.Equal(0, host.Admission.Inside);
    }

    [Fact]
    public async Task A_workloads_SVID_makes_no_agent()
    {
        await using var host = await GatewayHost.StartAsync();

        Assert.Equal((RpcStatusCode.PermissionDenied, "not_an_agent"), await RefusedAsync(() => IssueAsync(host, "/ns/shop/sa/cart", ["a"])));
        Assert.Empty(host.Issuance.Requests);
    }

    private static ByteString Csr()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return ByteString.CopyFrom(CertificateSigningRequestWriter.Write(key));
    }

    private static Task<AttestResponse> AttestAsync(GatewayHost host, string? token) => host.Channel().UnaryAsync(
        AgentCalls.Service + "Attest", new AttestRequest { Csr = Csr() }, AttestResponse.Parser,
        token is null ? null : new RpcCallOptions { Headers = new RpcMetadata { { "authorization", "Bearer " + token } } });

    private static Task<IssueResponse> IssueAsync(GatewayHost host, params string[] entries) => IssueAsync(host, Path, entries);

    private static Task<IssueResponse> IssueAsync(GatewayHost host, string path, string[] entries)
    {
        var request = new IssueRequest();
        request.Items.AddRange(entries.Select(entry => new IssueRequest.Types.Item { EntryId = entry, Csr = Csr() }));
        return host.Channel(path).UnaryAsync(AgentCalls.Service + "Issue", request, IssueResponse.Parser);
    }

    private static async Task<(RpcStatusCode Code, string? Reason)> RefusedAsync<T>(Func<Task<T>> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(call);
        return (refused.StatusCode, refused.Trailers.Get("mesh-reason"));
    }
}
