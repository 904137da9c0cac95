using System.Text;
using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Rest;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Federation;

/// <summary><c>/v1/federation</c>: relationships with foreign trust domains. Whom to trust is for <c>admin</c> alone, with a reason.</summary>
internal sealed class FederationEndpoints(AdminContext admin, IOptions<FederationOptions> options)
{
    private const string Tag = "federation";
    private const string One = "/federation/{trustDomain}";

    private static readonly Refusal Configured = new(
        RefusalCode.Conflict, "federation_configured", "The configuration states this relationship (federation.relationships); change it there.");

    public void Map(IEndpointRouteBuilder endpoints)
    {
        var read = Access.Operators(OperatorRole.Read, OperatorRole.Rotate);
        var write = Access.Operators();
        endpoints.MapRest("GET", "/federation", read, new RestOperation("listFederation", Tag, "Lists the relationships with foreign trust domains"), ListAsync)
            .Answers<FederationPage>();
        endpoints.MapRest("GET", One, read, new RestOperation("getFederation", Tag, "Gets a relationship"), ShowAsync).Answers<FederationItem>();
        endpoints.MapRest(
                "GET", One + "/bundle", read, new RestOperation("getFederatedBundle", Tag, "Gets what is trusted of a foreign trust domain, as a JWK Set"), BundleAsync)
            .Answers<object>();
        endpoints.MapRest("POST", "/federation", write, new RestOperation("createFederation", Tag, "Begins a relationship with a foreign trust domain"), CreateAsync)
            .Takes<FederationBody>().Answers<FederationItem>();
        endpoints.MapRest(
                "POST", One + "/refresh", Access.Operators(OperatorRole.Rotate), new RestOperation("refreshFederation", Tag, "Fetches a foreign bundle now"), RefreshAsync)
            .Answers<FederationItem>();
        endpoints.MapRest("DELETE", One, write, new RestOperation(
                "deleteFederation", Tag, "Ends a relationship: its bundle is withdrawn everywhere",
                RestParameter.Query("reason", "Why; recorded", required: true)), DeleteAsync)
            .AnswersNothing();
    }

    private async Task ListAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        var list = await admin.FederationSet.ListAsync();
        var views = await Task.WhenAll(list.Members.Select(member => admin.Federation(member.TrustDomain).GetAsync()));
        await RestCall.WriteAsync(http, RestJson.Wire.FederationPage, new FederationPage([.. views.OfType<FederationView>().Select(FederationItem.Of)]));
    }

    private async Task ShowAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        await AnswerAsync(http, await admin.Federation(Foreign(http)).GetAsync());
    }

    private async Task BundleAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        var keys = await admin.Federation(Foreign(http)).KeysAsync() ?? throw NoSuch();
        if (keys.Jwks is not { } jwks)
        {
            throw RestCall.NotFound("Nothing is known of this trust domain yet; the relationship tells why.");
        }

        http.Response.ContentType = "application/json";
        http.Response.ContentLength = jwks.Length;
        http.Response.Headers.CacheControl = "no-store";
        await http.Response.Body.WriteAsync(jwks, http.RequestAborted);
    }

    private async Task CreateAsync(HttpContext http)
    {
        var body = await RestCall.ReadAsync(http, RestJson.Wire.FederationBody);
        var reason = AdminContext.Reason(body.Reason);
        var wanted = new PutFederation(
            AdminContext.OperationId(http), body.TrustDomain, body.Url, body.Profile, body.EndpointSpiffeId,
            body.Bundle is null ? null : Encoding.UTF8.GetBytes(body.Bundle), body.WebRoots, Configured: false);
        if (FederationRules.Check(wanted, admin.TrustDomainName) is { } wrong)
        {
            throw RestCall.Invalid("federation_invalid", wrong);
        }

        RefuseConfigured(body.TrustDomain);
        var actor = admin.Actor(http);
        await AnswerAsync(http, await admin.Audit.RunAsync(
            http, actor, "begin federation", $"{body.TrustDomain} at {body.Url} ({body.Profile})", reason, () => admin.Federation(body.TrustDomain).PutAsync(wanted)));
    }

    private async Task RefreshAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        await AnswerAsync(http, await admin.Federation(Foreign(http)).RefreshAsync());
    }

    private async Task DeleteAsync(HttpContext http)
    {
        RestCall.AllowQuery(http, "reason");
        var foreign = Foreign(http);
        var reason = AdminContext.Reason(RestCall.Query(http, "reason"));
        RefuseConfigured(foreign);
        var actor = admin.Actor(http);
        if (!await admin.Audit.RunAsync(http, actor, "end federation", foreign, reason, () => admin.Federation(foreign).DeleteAsync(AdminContext.OperationId(http))))
        {
            throw NoSuch();
        }

        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static Task AnswerAsync(HttpContext http, FederationView? view) =>
        view is null ? throw NoSuch() : RestCall.WriteAsync(http, RestJson.Wire.FederationItem, FederationItem.Of(view));

    private static string Foreign(HttpContext http)
    {
        var name = RestCall.Route(http, "trustDomain");
        return TrustDomain.TryParse(name, out _, out var error) ? name : throw RestCall.Invalid("path_malformed", $"The trust domain in the path: {error}");
    }

    private void RefuseConfigured(string foreign)
    {
        if (options.Value.Relationships.Any(one => one.TrustDomain == foreign))
        {
            RestCall.Throw(Configured);
        }
    }

    private static RefusedException NoSuch() => RestCall.NotFound("There is no relationship with this trust domain.");
}
