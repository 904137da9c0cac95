using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/status</c>: the whole on one page. What cannot be asked right now is named instead of failing the rest.</summary>
internal sealed class StatusEndpoints(
    AdminContext admin, IIssuanceService issuance, IIssuanceLog log, IEnumerable<IReadinessCheck> checks, ILogger<StatusEndpoints> logger)
{
    public void Map(IEndpointRouteBuilder endpoints)
        => endpoints.MapRest(
                "GET", "/status", Access.Operators(OperatorRole.Read, OperatorRole.Rotate, OperatorRole.Register),
                new RestOperation("getStatus", "status", "Tells how this silo and its trust domain are"), GetAsync)
            .Answers<StatusView>();

    private async Task GetAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        var now = admin.Time.GetUtcNow();
        var parts = new PartialAnswer(http, "status", logger);
        foreach (var (name, reason) in checks.Select(check => (check.Name, check.NotReadyReason)).Where(check => check.NotReadyReason is not null))
        {
            parts.Add($"{name}: {reason}");
        }

        var ready = parts.Problems.Count == 0;
        var authorities = await parts.AskAsync("authorities", async () => AuthorityList.Of(await admin.TrustDomain.GetAsync()));
        var issuingCas = await parts.AskAsync<IReadOnlyList<IssuingCaItem>>(
            "issuing CAs", async () => [.. (await admin.ClusterCa.ListAsync()).Select(IssuingCaItem.Of)]);
        var denials = await parts.AskAsync("denials", () => admin.Denials.ReadAsync());
        var live = await parts.AskAsync("issuance log", () => log.CountLiveAsync(admin.TrustDomainName, now, http.RequestAborted).AsTask());
        var issuer = issuance.Current is { } current
            ? new IssuerStatus(
                current.AuthorityId, current.RootAuthorityId, current.BundleNumber, current.NotBefore, current.NotAfter,
                Math.Max(0, (long)(current.NotAfter - now).TotalSeconds))
            : null;
        await RestCall.WriteAsync(http, RestJson.Wire.StatusView, new StatusView(
            admin.TrustDomainName, admin.Scope.Cluster, ready, parts.Problems, issuer, authorities, issuingCas, live, denials?.Number, log.QueueDepth, now));
    }
}
