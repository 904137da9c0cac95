using System.Text.Json.Nodes;
using MeshGrains.Agent.Tests.Kit;

namespace MeshGrains.Agent.Tests.Attacks;

/// <summary>Node agents in a cluster, by their pods' projected tokens, and tokens that were made up.</summary>
public sealed class ForgedTokenTests(AttackedSilo attacked) : IClassFixture<AttackedSilo>
{
    private const string Space = "meshgrains";
    private const string Account = "meshgrains-agent";

    [Fact]
    public async Task The_agent_attests_by_its_pods_token_as_its_node()
    {
        var file = Path.Combine(attacked.Folder, "token");
        File.WriteAllText(file, attacked.Cluster.Create(Space, Account, On("4f8a6c1e-0000-4000-8000-000000000001")));

        await using var agent = await attacked.StartAgentAsync("k8s", "node.attestor=k8s", $"node.k8s.tokenFile={file}");

        await attacked.ConnectedAsync("k8s_psat/prod/4f8a6c1e-0000-4000-8000-000000000001", "k8s_psat");
        var entries = (await attacked.Silo.GetAsync("/v1/entries?limit=1000"))["entries"]!.AsArray();
        var entry = entries.Single(one => ((string?)one!["spiffeId"])!.EndsWith("/4f8a6c1e-0000-4000-8000-000000000001", StringComparison.Ordinal))!;
        Assert.Equal(
            ["k8s_psat:cluster:prod", "k8s_psat:agent_ns:meshgrains", "k8s_psat:agent_sa:meshgrains-agent", "k8s_psat:agent_node_name:node-1",
                "k8s_psat:agent_node_uid:4f8a6c1e-0000-4000-8000-000000000001"],
            entry["selectors"]!.AsArray().Select(selector => (string)selector!));
    }

    [Fact]
    public async Task A_token_by_another_key_for_another_audience_or_of_another_issuer_admits_nobody()
    {
        using var forger = new KubernetesTokens();
        var good = On("4f8a6c1e-0000-4000-8000-000000000002");
        await RefusedAsync("token_unknown_key", forger.Create(Space, Account, good));
        await RefusedAsync("token_bad_signature", forger.Create(Space, Account, good with { KeyId = attacked.Cluster.KeyId }));
        await RefusedAsync("token_wrong_audience", attacked.Cluster.Create(Space, Account, good with { Audiences = ["vault"] }));
        await RefusedAsync("token_wrong_audience", attacked.Cluster.Create(Space, Account, good with { Audiences = [KubernetesTokens.DefaultAudience, "vault"] }));
        await RefusedAsync("token_wrong_issuer", attacked.Cluster.Create(Space, Account, good with { Issuer = "https://elsewhere.test" }));
        await RefusedAsync("token_expired", attacked.Cluster.Create(Space, Account, good with { Lifetime = TimeSpan.FromHours(-1) }));
    }

    [Fact]
    public async Task A_workloads_own_token_makes_no_agent_nor_one_that_names_no_node()
    {
        await RefusedAsync("node_not_allowed", attacked.Cluster.Create("shop", "cart"), "k8s:prod/shop/cart");
        await RefusedAsync("node_not_allowed", attacked.Cluster.Create("shop", Account));
        await RefusedAsync("token_without_node", attacked.Cluster.Create(Space, Account, new KubernetesTokenOptions
        {
            EditClaims = claims => ((JsonObject)claims["kubernetes.io"]!).Remove("node"),
        }));
        await RefusedAsync("token_without_node", attacked.Cluster.Create(Space, Account, new KubernetesTokenOptions
        {
            EditClaims = claims => ((JsonObject)claims["kubernetes.io"]!["node"]!).Remove("uid"),
        }));
        await RefusedAsync("token_malformed", attacked.Cluster.Create(Space, Account, On("../../x")));
    }

    private static KubernetesTokenOptions On(string nodeUid) => new() { EditClaims = claims => claims["kubernetes.io"]!["node"]!["uid"] = nodeUid };

    private async Task RefusedAsync(string reason, string token, params string[] words)
    {
        var before = await attacked.CountedAsync("agent", reason);
        Assert.Equal(reason, await RawAgent.RefusedAsync(() => RawAgent.AttestAsync(attacked.Silo, token)));
        await attacked.ToldAsync("agent", reason, before, words);
        Assert.DoesNotContain(token, attacked.Silo.Errors + attacked.Silo.Output, StringComparison.Ordinal);
    }
}
