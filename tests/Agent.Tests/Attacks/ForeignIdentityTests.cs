using System.Security.Cryptography;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Identity;
using MeshGrains.Rpc.Agents;
using MeshGrains.Silo.Tests;

namespace MeshGrains.Agent.Tests.Attacks;

/// <summary>Nodes that ask for what is not theirs.</summary>
public sealed class ForeignIdentityTests(AttackedSilo attacked) : IClassFixture<AttackedSilo>
{
    [Fact]
    public async Task A_join_token_serves_once()
    {
        var silo = attacked.Silo;
        var token = await silo.JoinTokenAsync(AttackedSilo.Id("once"));
        var (answer, agent) = await RawAgent.AttestAsync(silo, token);
        agent.Dispose();
        var before = await attacked.CountedAsync("agent", "join_token_refused");

        Assert.Equal(AttackedSilo.Id("once"), answer.Svid.SpiffeId);
        Assert.Equal("join_token_refused", await RawAgent.RefusedAsync(() => RawAgent.AttestAsync(silo, token)));
        Assert.Equal("join_token_refused", await RawAgent.RefusedAsync(() => RawAgent.AttestAsync(silo, "mgj_" + new string('a', 43))));
        await attacked.ToldAsync("agent", "join_token_refused", before + 1);
        Assert.DoesNotContain(token, silo.Errors + silo.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_workloads_token_makes_no_agent_and_a_workload_speaks_for_no_node()
    {
        var silo = attacked.Silo;
        var before = await attacked.CountedAsync("agent", "not_an_agent");
        var token = await silo.JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/app");
        Assert.Equal("not_an_agent", await RawAgent.RefusedAsync(() => RawAgent.AttestAsync(silo, token)));

        var (_, _, svid) = await silo.FetchAsync(await silo.JoinTokenAsync($"spiffe://{SiloClient.TrustDomain}/app-2"));
        using var workload = new RawAgent(silo, svid);
        Assert.Equal("not_an_agent", await RawAgent.RefusedAsync(workload.RenewAsync));
        Assert.Equal("not_an_agent", await RawAgent.RefusedAsync(() => workload.IssueAsync("any")));
        Assert.Equal("not_an_agent", await RawAgent.RefusedAsync(() => workload.SyncAsync()));
        await attacked.ToldAsync("agent", "not_an_agent", before + 2, $"spiffe://{SiloClient.TrustDomain}/app-2");
    }

    [Fact]
    public async Task An_agent_gets_no_entry_but_its_own_and_nobodys_name_by_a_request()
    {
        var silo = attacked.Silo;
        var (_, mine) = await RawAgent.AttestAsync(silo, await silo.JoinTokenAsync(AttackedSilo.Id("mine")));
        var (_, theirs) = await RawAgent.AttestAsync(silo, await silo.JoinTokenAsync(AttackedSilo.Id("theirs")));
        using var thief = mine;
        theirs.Dispose();
        var stolen = await attacked.EntryAsync("theirs", "/ns/bank/sa/vault", "k8s:ns:bank", "k8s:sa:vault");
        var page = (await silo.GetAsync("/v1/entries?limit=1000"))["entries"]!.AsArray();
        var itself = (string)page.Single(entry => (string?)entry!["spiffeId"] == AttackedSilo.Id("theirs"))!["id"]!;
        var before = await attacked.CountedAsync("agent", "not_this_agents_entry");

        var refused = await thief.IssueAsync(stolen, itself, "no-such-entry", "");

        Assert.All(refused, result => Assert.Equal(("not_this_agents_entry", null), (result.Reason, result.Svid)));
        Assert.Single(refused.Select(result => result.Message).Distinct());
        await attacked.ToldAsync("agent", "not_this_agents_entry", before + 3, AttackedSilo.Id("mine"), stolen);

        // What a request names is nobody's concern: the key alone is taken of it.
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var renewed = await thief.RenewAsync(key, AttackedSilo.Id("theirs"));
        var leaf = ParsedCertificate.Read(renewed.Svid.Chain[0].Memory);
        Assert.Equal([AttackedSilo.Id("mine")], leaf.UriNames);

        using var reserved = await silo.Admin.PostAsync("/v1/entries", new StringContent(
            $$"""{"spiffeId":"{{AttackedSilo.Id("theirs")}}","parentId":"{{AttackedSilo.Id("mine")}}","selectors":["unix:uid:0"]}""", null, "application/json"));
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, reserved.StatusCode);
    }

    /// <summary>
    /// A template gives /ns/NAMESPACE/sa/ACCOUNT to whoever shows that account's own token. An agent has no words to claim one in, and no call of its
    /// reaches templates: what selectors it found on its node stays there.
    /// </summary>
    [Fact]
    public async Task Invented_selectors_give_an_agent_nothing()
    {
        var silo = attacked.Silo;
        var (_, agent) = await RawAgent.AttestAsync(silo, await silo.JoinTokenAsync(AttackedSilo.Id("inventor")));
        using var inventor = agent;
        Assert.Equal(["entry_id", "csr"], IssueRequest.Types.Item.Descriptor.Fields.InDeclarationOrder().Select(field => field.Name));
        Assert.Equal(["items"], IssueRequest.Descriptor.Fields.InDeclarationOrder().Select(field => field.Name));
        Assert.Equal(
            ["version", "held", "update_number", "bundle_number", "denial_number", "health"],
            AgentReport.Descriptor.Fields.InDeclarationOrder().Select(field => field.Name));

        var template = (string)(await silo.GetAsync("/v1/templates"))["templates"]!.AsArray().Single()!["id"]!;
        var before = await attacked.CountedAsync("agent", "not_this_agents_entry");
        var refused = await inventor.IssueAsync(template, $"template/{template}", $"spiffe://{SiloClient.TrustDomain}/ns/bank/sa/vault", "k8s:sa:vault");
        Assert.All(refused, result => Assert.Equal("not_this_agents_entry", result.Reason));
        await attacked.ToldAsync("agent", "not_this_agents_entry", before + 3, template);

        // Nor by the public issuance, with the agent's own SVID and the name of what it would like to be.
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var renewed = await inventor.RenewAsync(key);
        var (status, body, svid) = await silo.FetchAsync(null, RawAgent.Context(renewed.Svid, key));
        Assert.True(svid is null || (string?)body["spiffeId"] == AttackedSilo.Id("inventor"), $"{status} {body}");
    }
}
