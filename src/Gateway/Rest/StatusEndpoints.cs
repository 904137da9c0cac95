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
        var problems = checks.Select(check => check.NotReadyReason is { } reason ? $"{check.Name}: {reason}" : null).OfType<string>().ToList();
        var ready = problems.Count == 0;
        var authorities = await AskAsync(http, "authorities", problems, async () => AuthorityList.Of(await admin.TrustDomain.GetAsync()));
        var issuingCas = await AskAsync<IReadOnlyList<IssuingCaItem>>(
            http, "issuing CAs", problems, async () => [.. (await admin.ClusterCa.ListAsync()).Select(IssuingCaItem.Of)]);
        var denials = await AskAsync(http, "denials", problems, () => admin.Denials.ReadAsync());
        var live = await AskAsync(http, "issuance log", problems, () => log.CountLiveAsync(admin.TrustDomainName, now, http.RequestAborted).AsTask());
        var issuer = issuance.Current is { } current
            ? new IssuerStatus(
                current.AuthorityId, current.RootAuthorityId, current.BundleNumber, current.NotBefore, current.NotAfter,
                Math.Max(0, (long)(current.NotAfter - now).TotalSeconds))
            : null;
        await RestCall.WriteAsync(http, RestJson.Wire.StatusView, new StatusView(
            admin.TrustDomainName, admin.Scope.Cluster, ready, problems, issuer, authorities, issuingCas, live, denials?.Number, log.QueueDepth, now));
    }

    private async Task<T?> AskAsync<T>(HttpContext http, string what, List<string> problems, Func<Task<T>> ask)
        where T : class
    {
        try
        {
            return await ask();
        }
        catch (Exception e) when (!http.RequestAborted.IsCancellationRequested)
        {
            var refusal = RefusalMap.Of(e);
            if (refusal is null || refusal.Code == RefusalCode.Internal)
            {
                ServingLog.RequestFailed(logger, e, RequestId.Of(http), "status of", what);
            }

            problems.Add($"{what}: {(refusal ?? RefusalMap.Unforeseen).Message}");
            return null;
        }
    }
}
