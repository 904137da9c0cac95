using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/agents</c>: the node agents of the trust domain, whichever silo they are connected to; eviction and ban.</summary>
internal sealed class AgentEndpoints(AdminContext admin)
{
    private const string Tag = "agents";

    public void Map(IEndpointRouteBuilder endpoints)
    {
        var read = Access.Operators(OperatorRole.Read, OperatorRole.Rotate);
        var write = Access.Operators();
        endpoints.MapRest("GET", "/agents", read, new RestOperation(
                "listAgents", Tag, "Lists the node agents that hold an SVID or lately did, in the order of their names",
                RestParameter.Query("after", "The last name of the page before"), RestParameter.Number("limit", "At most this many; 100 unless told, 1000 at most")), ListAsync)
            .Answers<AgentPage>();
        endpoints.MapRest("GET", "/agents/{id}", read, new RestOperation(
                "getAgent", Tag, "Gets a node agent by its name, what follows /meshgrains/agent/ in its ID, with slashes as %2F"), GetAsync)
            .Answers<AgentItem>();
        endpoints.MapRest("POST", "/agents/{id}/evict", write, new RestOperation(
                "evictAgent", Tag, "Ends a node agent's attestation: it is not heard before it attests anew"), EvictAsync)
            .Takes<ReasonBody>().Answers<DenialReceiptView>();
        endpoints.MapRest("POST", "/agents/{id}/ban", write, new RestOperation(
                "banAgent", Tag, "Bans a node agent: it is not heard, whatever it shows"), BanAsync)
            .Takes<ReasonBody>().Answers<DenialReceiptView>();
        endpoints.MapRest("DELETE", "/agents/{id}/ban", write, new RestOperation(
                "unbanAgent", Tag, "Lifts a node agent's ban", RestParameter.Query("reason", "Why; recorded", required: true)), UnbanAsync)
            .Answers<DenialReceiptView>();
    }

    private async Task ListAsync(HttpContext http)
    {
        RestCall.AllowQuery(http, "after", "limit");
        var limit = RestCall.Limit(http);
        var after = RestCall.Query(http, "after") is { } name ? IdOf(name) : null;
        var banned = (await admin.Denials.ReadAsync()).Denials.Where(denial => denial.Kind == DenialKind.BannedAgent).Select(denial => denial.Subject)
            .ToHashSet(StringComparer.Ordinal);
        var shards = await Task.WhenAll(Enumerable.Range(0, AgentRosterShards.Count).Select(shard => admin.AgentRoster(shard).ListAsync(after, limit)));
        var now = admin.Time.GetUtcNow();
        var page = shards.SelectMany(agents => agents).OrderBy(agent => agent.AgentId, StringComparer.Ordinal).Take(limit)
            .Select(agent => AgentItem.Of(agent, NameOf(agent.AgentId), banned.Contains(agent.AgentId), now)).ToList();
        await RestCall.WriteAsync(http, RestJson.Wire.AgentPage, new AgentPage(page, page.Count == limit ? page[^1].Name : null));
    }

    private async Task GetAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        var id = AgentOf(http);
        var agent = await Roster(id).FindAsync(id) ?? throw NoSuchAgent();
        var banned = (await admin.Denials.ReadAsync()).Denials.Any(denial => denial.Kind == DenialKind.BannedAgent && denial.Subject == id);
        await RestCall.WriteAsync(http, RestJson.Wire.AgentItem, AgentItem.Of(agent, NameOf(id), banned, admin.Time.GetUtcNow()));
    }

    private async Task EvictAsync(HttpContext http)
    {
        var (id, reason) = (AgentOf(http), await ReasonAsync(http));
        var actor = admin.Actor(http);
        await AnswerAsync(http, await admin.Audit.RunAsync(http, actor, "evict agent", id, reason, async () =>
        {
            var receipt = await admin.Identity(id).EvictAgentAsync(reason, actor.Name, AdminContext.OperationId(http));

            // After the denial, which is what counts: from here on nobody waits for this agent's acknowledgement.
            var known = await Roster(id).EvictedAsync(id);
            return receipt ?? (known ? await admin.Denials.StatusAsync((await admin.Denials.ReadAsync()).Number) : throw NoSuchAgent());
        }));
    }

    private async Task BanAsync(HttpContext http)
    {
        var (id, reason) = (AgentOf(http), await ReasonAsync(http));
        var actor = admin.Actor(http);
        await AnswerAsync(http, await admin.Audit.RunAsync(
            http, actor, "ban agent", id, reason, () => admin.Identity(id).BanAgentAsync(reason, actor.Name, AdminContext.OperationId(http))));
    }

    private async Task UnbanAsync(HttpContext http)
    {
        RestCall.AllowQuery(http, "reason");
        var (id, reason) = (AgentOf(http), AdminContext.Reason(RestCall.Query(http, "reason")));
        var actor = admin.Actor(http);
        await AnswerAsync(http, await admin.Audit.RunAsync(
            http, actor, "lift ban of agent", id, reason, () => admin.Identity(id).UnbanAgentAsync(reason, actor.Name, AdminContext.OperationId(http))));
    }

    private static Task AnswerAsync(HttpContext http, DenialReceipt receipt)
        => RestCall.WriteAsync(http, RestJson.Wire.DenialReceiptView, DenialReceiptView.Of(receipt));

    private static async ValueTask<string> ReasonAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        return AdminContext.Reason((await RestCall.ReadAsync(http, RestJson.Wire.ReasonBody)).Reason);
    }

    private IAgentRosterGrain Roster(string agentId) => admin.AgentRoster(AgentRosterShards.Of(agentId));

    /// <summary>The ID of the agent that the path names.</summary>
    private string AgentOf(HttpContext http) => IdOf(Uri.UnescapeDataString(RestCall.Route(http, "id")));

    private string IdOf(string name) => SpiffeId.TryParse($"spiffe://{admin.TrustDomainName}{AgentNames.Prefix}{name}", out var id, out var error)
        ? id.ToString()
        : throw RestCall.Invalid("agent_name_malformed", $"An agent's name is what follows {AgentNames.Prefix} in its ID: {error}");

    private string NameOf(string agentId) => agentId[($"spiffe://{admin.TrustDomainName}".Length + AgentNames.Prefix.Length)..];

    private static RefusedException NoSuchAgent() => RestCall.NotFound("There is no such agent: none of this name holds an SVID, or lately did.");
}
