using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/jwt-authorities</c>: the keys that this cluster signs JWT-SVIDs with.</summary>
internal sealed class JwtAuthorityEndpoints(AdminContext admin)
{
    private const string Tag = "authorities";

    public void Map(IEndpointRouteBuilder endpoints)
    {
        var rotate = Access.Operators(OperatorRole.Rotate);
        endpoints.MapRest(
                "GET", "/jwt-authorities", Access.Operators(OperatorRole.Read, OperatorRole.Rotate),
                new RestOperation("listJwtAuthorities", Tag, "Lists the JWT authorities of this cluster, and what a prepared one waits for"), ListAsync)
            .Answers<JwtAuthoritiesView>();
        endpoints.MapRest(
                "POST", "/jwt-authorities/rotate", rotate,
                new RestOperation("rotateJwtAuthority", Tag, "Makes a successor of the active JWT authority now; it signs when everyone holds it", Idempotency.Parameter), RotateAsync)
            .Takes<ReasonBody>().Answers<JwtAuthoritiesView>();
        endpoints.MapRest(
                "POST", "/jwt-authorities/{id}/taint", rotate,
                new RestOperation("taintJwtAuthority", Tag, "Takes a JWT authority out of the trust bundle at once; another follows", Idempotency.Parameter), TaintAsync)
            .Takes<ReasonBody>().Answers<JwtAuthoritiesView>();
    }

    private async Task ListAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        await AnswerAsync(http, await admin.JwtAuthority.ListAsync());
    }

    private async Task RotateAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        var reason = AdminContext.Reason((await RestCall.ReadAsync(http, RestJson.Wire.ReasonBody)).Reason);
        var (actor, operationId) = (admin.Actor(http), Idempotency.OperationId(http));
        await AnswerAsync(http, await admin.Audit.RunAsync(
            http, actor, "rotate JWT authority", admin.Scope.Cluster, reason,
            () => admin.JwtAuthority.RotateAsync(new RotateJwtAuthority(operationId, reason, actor.Name))));
    }

    private async Task TaintAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        var id = RestCall.Route(http, "id");
        var reason = AdminContext.Reason((await RestCall.ReadAsync(http, RestJson.Wire.ReasonBody)).Reason);
        var (actor, operationId) = (admin.Actor(http), Idempotency.OperationId(http));
        await AnswerAsync(http, await admin.Audit.RunAsync(
            http, actor, "taint JWT authority", id, reason, () => admin.JwtAuthority.TaintAsync(new TaintJwtAuthority(operationId, id, reason, actor.Name))));
    }

    private Task AnswerAsync(HttpContext http, JwtAuthorityList list) => RestCall.WriteAsync(
        http, RestJson.Wire.JwtAuthoritiesView, JwtAuthoritiesView.Of(list, admin.TrustDomainName, admin.Scope.Cluster, admin.Time.GetUtcNow()));
}
