using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/trust</c>: everyone who is trusted here on one page.</summary>
internal sealed class TrustEndpoints(AdminContext admin, IIssuanceLog log, ILogger<TrustEndpoints> logger)
{
    private const int AgentsAtOnce = 1000;

    public void Map(IEndpointRouteBuilder endpoints)
        => endpoints.MapRest(
                "GET", "/trust", Access.Operators(OperatorRole.Read, OperatorRole.Rotate),
                new RestOperation("getTrust", "authorities", "Tells who is trusted: roots, issuing CAs, JWT keys, silos, agents, foreign trust domains, with ends and lags"),
                GetAsync)
            .Answers<TrustView>();

    private async Task GetAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        var now = admin.Time.GetUtcNow();
        var parts = new PartialAnswer(http, "trust", logger);
        var jwt = await parts.AskAsync("JWT authorities", () => admin.JwtAuthority.ListAsync());
        var domain = await parts.AskAsync("trust domain", async () => Of(await admin.TrustDomain.GetAsync(), jwt, now));
        var live = await parts.AskAsync("issuance log", () => log.CountLiveAsync(admin.TrustDomainName, now, http.RequestAborted).AsTask());
        var issuingCas = await parts.AskAsync<IReadOnlyList<TrustIssuingCaItem>>(
            "issuing CAs", async () => [.. (await admin.ClusterCa.ListAsync()).Select(ca => TrustIssuingCaItem.Of(ca, live, now))]);
        var silos = await parts.AskAsync("silos", async () => SilosOf(await admin.Denials.BundleHoldersAsync(), domain?.BundleNumber));
        var agents = domain is null ? null : await parts.AskAsync("agents", () => CountAgentsAsync(domain.BundleNumber, now));
        var federated = await parts.AskAsync("federation", () => PeersAsync(now));
        await RestCall.WriteAsync(http, RestJson.Wire.TrustView, new TrustView(
            admin.TrustDomainName, admin.Scope.Cluster, now, parts.Problems, domain, issuingCas, silos, agents, federated));
    }

    private static TrustDomainItem Of(TrustDomainView view, JwtAuthorityList? jwt, DateTimeOffset now) => new(
        view.BundleNumber, view.RefreshHintSeconds, TrustRotationItem.Of(view.Rotation), [.. view.Authorities.Select(root => TrustRootItem.Of(root, now))],
        [.. (view.JwtAuthorities ?? []).Select(key => TrustJwtKeyItem.Of(key, jwt, now))]);

    /// <summary>Those that hold no bundle are not of this: nothing is issued there.</summary>
    private static IReadOnlyList<TrustSiloItem> SilosOf(IEnumerable<BundleHolder> holders, long? newest) =>
    [
        .. holders.Where(holder => holder.BundleNumber != DenialConfirmation.HoldsNoBundle).OrderBy(holder => holder.Silo, StringComparer.Ordinal)
            .Select(holder => new TrustSiloItem(holder.Silo, holder.BundleNumber, newest is { } number && holder.BundleNumber is { } held ? Math.Max(0, number - held) : null)),
    ];

    private async Task<TrustAgentsItem> CountAgentsAsync(long newest, DateTimeOffset now)
    {
        var shards = await Task.WhenAll(Enumerable.Range(0, AgentRosterShards.Count).Select(async shard =>
        {
            var (live, behind) = (0L, 0L);
            string? after = null;
            while (await admin.AgentRoster(shard).ListAsync(after, AgentsAtOnce) is { IsEmpty: false } page)
            {
                foreach (var agent in page.Where(agent => !agent.Evicted && agent.NotAfter > now))
                {
                    live++;
                    behind += agent.BundleNumber < newest ? 1 : 0;
                }

                after = page[^1].AgentId;
            }

            return (live, behind);
        }));
        return new TrustAgentsItem(shards.Sum(shard => shard.live), shards.Sum(shard => shard.behind));
    }

    private async Task<IReadOnlyList<TrustPeerItem>> PeersAsync(DateTimeOffset now)
    {
        var peers = await Task.WhenAll((await admin.FederationSet.ListAsync()).Members.Select(member => admin.Federation(member.TrustDomain).GetAsync()));
        return [.. peers.OfType<FederationView>().OrderBy(peer => peer.TrustDomain, StringComparer.Ordinal).Select(peer => TrustPeerItem.Of(peer, now))];
    }
}
