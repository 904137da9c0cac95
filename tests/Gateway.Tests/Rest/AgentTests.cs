using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Rest;

public sealed class AgentTests
{
    private const string Prefix = "spiffe://mesh.test/meshgrains/agent/";
    private static readonly DateTimeOffset Later = new(2099, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Agents_of_all_shards_come_in_the_order_of_their_names_a_page_at_a_time()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one =>
            one.Grains.Agents.AddRange(Enumerable.Range(0, 45).Select(i => Agent($"n{i:D2}"))));
        var client = host.AdminClient();
        var names = new List<string>();
        string? after = null;
        var pages = 0;
        do
        {
            var page = await client.GetFromJsonAsync<JsonElement>($"/v1/agents?limit=20{(after is null ? "" : $"&after={after}")}");
            names.AddRange(page.GetProperty("agents").EnumerateArray().Select(agent => agent.GetProperty("name").GetString()!));
            after = page.TryGetProperty("next", out var next) ? next.GetString() : null;
            pages++;
        }
        while (after is not null);

        Assert.Equal(Enumerable.Range(0, 45).Select(i => $"n{i:D2}"), names);
        Assert.Equal(3, pages);
    }

    [Fact]
    public async Task An_agent_is_told_with_its_connection_and_what_it_acknowledged()
    {
        var seen = new AgentSighting(
            Prefix + "rack/n1", "silo-2", true, "0a", Later, DateTimeOffset.UnixEpoch, "10.0.0.7:4711", DateTimeOffset.UnixEpoch, "1.2", 9, "slow disk", 3, 1);
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Grains.Agents.Add(Agent("rack/n1") with { BundleNumber = 9, Connection = seen }));
        var client = host.AdminClient();

        var agent = await client.GetFromJsonAsync<JsonElement>("/v1/agents/rack%2Fn1");

        Assert.Equal(
            ("rack/n1", "connected", "silo-2", "10.0.0.7:4711", "1.2", 9, "slow disk", 1, "x509pop"),
            (Text("name"), Text("state"), Text("silo"), Text("address"), Text("version"), agent.GetProperty("acknowledgedBundle").GetInt64(), Text("trouble"),
                agent.GetProperty("svidsMissing").GetInt32(), Text("attestation")));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/v1/agents/n2")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.GetAsync("/v1/agents/no%20name")).StatusCode);

        string? Text(string name) => agent.GetProperty(name).GetString();
    }

    [Fact]
    public async Task States_are_told_apart()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one =>
        {
            one.Grains.Agents.AddRange(
                [Agent("away"), Agent("banned"), Agent("evicted") with { Evicted = true }, Agent("lapsed") with { NotAfter = DateTimeOffset.UnixEpoch }]);
            one.Grains.Denials.Add(new Denial(DenialKind.BannedAgent, Prefix + "banned", 1, "r", "a", DateTimeOffset.UnixEpoch, "op"));
            one.Grains.Denials.Add(new Denial(DenialKind.QuarantinedIdentity, Prefix + "away", 2, "r", "a", DateTimeOffset.UnixEpoch, "op"));
        });
        var page = await host.AdminClient().GetFromJsonAsync<JsonElement>("/v1/agents");

        Assert.All(page.GetProperty("agents").EnumerateArray(), agent => Assert.Equal(agent.GetProperty("name").GetString(), agent.GetProperty("state").GetString()));
        Assert.Equal(4, page.GetProperty("agents").GetArrayLength());
    }

    [Fact]
    public async Task Eviction_ban_and_its_lifting_need_a_reason_and_leave_a_line()
    {
        await using var host = await GatewayHost.StartAsync();
        var client = host.AdminClient();
        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsJsonAsync("/v1/agents/n1/evict", new { reason = "" })).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsJsonAsync("/v1/agents/n1/ban", new { reason = "two\nlines" })).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.DeleteAsync("/v1/agents/n1/ban")).StatusCode);
        Assert.Empty(host.Grains.Calls);

        var evicted = await client.PostAsJsonAsync("/v1/agents/n1/evict", new { reason = "sold" });
        var banned = await client.PostAsJsonAsync("/v1/agents/n1/ban", new { reason = "stolen" });
        var lifted = await client.DeleteAsync("/v1/agents/n1/ban?reason=found");

        Assert.All([evicted, banned, lifted], reply => Assert.Equal(HttpStatusCode.OK, reply.StatusCode));
        Assert.Equal(8, (await evicted.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("number").GetInt64());
        Assert.StartsWith($"{Prefix}n1.EvictAgentAsync(sold, uid:", host.Grains.Calls[0], StringComparison.Ordinal);
        foreach (var words in new[] { $"did evict agent on {Prefix}n1; reason: sold", $"did ban agent on {Prefix}n1; reason: stolen", "did lift ban of agent on" })
        {
            Assert.Contains(host.Logs.Lines, line => line.Contains(words, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Evicting_again_is_no_error_and_evicting_nobody_is()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one =>
        {
            one.Grains.Evicts = false;
            one.Grains.Agents.Add(Agent("gone") with { Evicted = true });
        });
        var client = host.AdminClient();

        Assert.Equal(HttpStatusCode.OK, (await client.PostAsJsonAsync("/v1/agents/gone/evict", new { reason = "x" })).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsJsonAsync("/v1/agents/never/evict", new { reason = "x" })).StatusCode);
    }

    private static RosteredAgentView Agent(string name) => new(Prefix + name, "x509pop", "0a", Later, DateTimeOffset.UnixEpoch, 0, false, null);
}
