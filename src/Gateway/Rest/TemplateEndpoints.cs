using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/templates</c>: registrations by pattern.</summary>
internal sealed class TemplateEndpoints(AdminContext admin, IRegistrationStore registrations)
{
    private const string Tag = "templates";

    public void Map(IEndpointRouteBuilder endpoints)
    {
        var read = Access.Operators(OperatorRole.Read, OperatorRole.Register);
        var write = Access.Operators(OperatorRole.Register);
        endpoints.MapRest("GET", "/templates", read, new RestOperation("listTemplates", Tag, "Lists registration templates"), ListAsync)
            .Answers<TemplateList>();
        endpoints.MapRest("POST", "/templates", write, new RestOperation("createTemplate", Tag, "Creates a registration template"), CreateAsync)
            .Takes<TemplateBody>().Answers<TemplateView>(StatusCodes.Status201Created);
        endpoints.MapRest("PUT", "/templates/{id}", write, new RestOperation(
                "replaceTemplate", Tag, "Replaces a registration template",
                RestParameter.Header("If-Match", "The revision that is replaced, in quotes", required: true)), ReplaceAsync)
            .Takes<TemplateBody>().Answers<TemplateView>();
        endpoints.MapRest("DELETE", "/templates/{id}", write, new RestOperation(
                "deleteTemplate", Tag, "Deletes a registration template and denies it at once",
                RestParameter.Query("reason", "Why; recorded", required: true)), DeleteAsync)
            .AnswersNothing();
    }

    private async Task ListAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        var templates = await registrations.ListTemplatesAsync(admin.TrustDomainName, http.RequestAborted);
        await RestCall.WriteAsync(http, RestJson.Wire.TemplateList, new TemplateList([.. templates.Select(TemplateView.Of)]));
    }

    private async Task CreateAsync(HttpContext http)
    {
        var body = await RestCall.ReadAsync(http, RestJson.Wire.TemplateBody);
        var actor = admin.Actor(http);
        var template = RegistrationInput.Template(body, admin.Scope, actor) with
        {
            Id = admin.Random.NewId(),
            CreatedAt = admin.Time.GetUtcNow(),
            Revision = 1,
            OperationId = AdminContext.OperationId(http),
        };
        await PutAsync(http, actor, "create template", template, StatusCodes.Status201Created);
    }

    private async Task ReplaceAsync(HttpContext http)
    {
        var revision = RestCall.Revision(http);
        var body = await RestCall.ReadAsync(http, RestJson.Wire.TemplateBody);
        var actor = admin.Actor(http);
        var stored = await FindAsync(http);
        CheckMayTouch(actor, stored);
        var template = RegistrationInput.Template(body, admin.Scope, actor) with
        {
            Id = stored.Id,
            CreatedAt = stored.CreatedAt,
            Revision = revision + 1,
            OperationId = AdminContext.OperationId(http),
        };
        await PutAsync(http, actor, "replace template", template, StatusCodes.Status200OK);
    }

    private async Task DeleteAsync(HttpContext http)
    {
        RestCall.AllowQuery(http, "reason");
        var reason = AdminContext.Reason(RestCall.Query(http, "reason"));
        var actor = admin.Actor(http);
        var stored = await FindAsync(http);
        CheckMayTouch(actor, stored);
        var deleted = await admin.Audit.RunAsync(
            http, actor, "delete template", $"{stored.Id} {stored.Pattern}", reason,
            () => admin.TrustDomain.DeleteTemplateAsync(stored.Id, reason, actor.Name, AdminContext.OperationId(http)));
        if (!deleted)
        {
            throw NoSuchTemplate();
        }

        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task PutAsync(HttpContext http, Operator actor, string action, RegistrationTemplate template, int status)
    {
        var stored = await admin.Audit.RunAsync(
            http, actor, action, $"{template.Id} {template.Pattern}", null, () => admin.TrustDomain.PutTemplateAsync(template));
        RestCall.Tag(http, stored.Revision);
        http.Response.Headers.Location = $"{RestRoutes.Prefix}/templates/{stored.Id}";
        await RestCall.WriteAsync(http, RestJson.Wire.TemplateView, TemplateView.Of(stored), status);
    }

    private void CheckMayTouch(Operator actor, RegistrationTemplate template)
        => RegistrationInput.CheckMayRegister(actor, TemplatePath.LiteralPrefix(template.Pattern, admin.Scope));

    private async ValueTask<RegistrationTemplate> FindAsync(HttpContext http)
    {
        var id = RestCall.Route(http, "id");
        var templates = await registrations.ListTemplatesAsync(admin.TrustDomainName, http.RequestAborted);
        return templates.FirstOrDefault(template => template.Id == id) ?? throw NoSuchTemplate();
    }

    private static RefusedException NoSuchTemplate() => RestCall.NotFound("There is no such template.");
}
