using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/authorities</c> and <c>/v1/issuing-cas</c>.</summary>
internal sealed class AuthorityEndpoints(AdminContext admin)
{
    private const string Tag = "authorities";

    public void Map(IEndpointRouteBuilder endpoints)
    {
        var read = Access.Operators(OperatorRole.Read, OperatorRole.Rotate);
        endpoints.MapRest("GET", "/authorities", read, new RestOperation("listAuthorities", Tag, "Lists the root authorities of the trust domain"), RootsAsync)
            .Answers<AuthorityList>();
        endpoints.MapRest("GET", "/issuing-cas", read, new RestOperation("listIssuingCas", Tag, "Lists the issuing CAs of this cluster"), IssuingCasAsync)
            .Answers<IssuingCaList>();
        endpoints.MapRest(
                "POST", "/issuing-cas/{id}/taint", Access.Operators(OperatorRole.Rotate),
                new RestOperation("taintIssuingCa", Tag, "Takes an issuing CA out of use; its silo gets another at once"), TaintAsync)
            .Takes<TaintBody>().Answers<IssuingCaItem>();
    }

    private async Task RootsAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        await RestCall.WriteAsync(http, RestJson.Wire.AuthorityList, AuthorityList.Of(await admin.TrustDomain.GetAsync()));
    }

    private async Task IssuingCasAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        var issuingCas = await admin.ClusterCa.ListAsync();
        await RestCall.WriteAsync(http, RestJson.Wire.IssuingCaList, new IssuingCaList([.. issuingCas.Select(IssuingCaItem.Of)]));
    }

    private async Task TaintAsync(HttpContext http)
    {
        var id = RestCall.Route(http, "id");
        var body = await RestCall.ReadAsync(http, RestJson.Wire.TaintBody);
        var reason = AdminContext.Reason(body.Reason);
        var actor = admin.Actor(http);

        // Without a time it is the call that silos of every version know.
        var tainted = await admin.Audit.RunAsync(
            http, actor, "taint issuing CA", id, reason,
            () => body.ReissueOverSeconds is { } over and not 0
                ? admin.ClusterCa.TaintOverAsync(new TaintIssuingCa(id, reason, actor.Name, AdminContext.OperationId(http), over))
                : admin.ClusterCa.TaintAsync(id, reason, actor.Name, AdminContext.OperationId(http)));
        await RestCall.WriteAsync(http, RestJson.Wire.IssuingCaItem, IssuingCaItem.Of(tainted));
    }
}
