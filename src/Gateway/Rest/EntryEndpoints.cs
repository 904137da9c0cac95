using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/entries</c>: registration entries.</summary>
internal sealed class EntryEndpoints(AdminContext admin, IRegistrationStore registrations)
{
    private const string Tag = "entries";

    public void Map(IEndpointRouteBuilder endpoints)
    {
        var read = Access.Operators(OperatorRole.Read, OperatorRole.Register);
        var write = Access.Operators(OperatorRole.Register);
        endpoints.MapRest("GET", "/entries", read, new RestOperation(
                "listEntries", Tag, "Lists registration entries in the order of their ids",
                RestParameter.Query("after", "The last id of the page before"), RestParameter.Number("limit", "At most this many; 100 unless told, 1000 at most")), ListAsync)
            .Answers<EntryPage>();
        endpoints.MapRest("POST", "/entries", write, new RestOperation("createEntry", Tag, "Creates a registration entry"), CreateAsync)
            .Takes<EntryBody>().Answers<EntryView>(StatusCodes.Status201Created);
        endpoints.MapRest("GET", "/entries/{id}", read, new RestOperation("getEntry", Tag, "Gets a registration entry"), GetAsync)
            .Answers<EntryView>();
        endpoints.MapRest("PUT", "/entries/{id}", write, new RestOperation(
                "replaceEntry", Tag, "Replaces a registration entry; its SPIFFE ID stays",
                RestParameter.Header("If-Match", "The revision that is replaced, in quotes", required: true)), ReplaceAsync)
            .Takes<EntryBody>().Answers<EntryView>();
        endpoints.MapRest("DELETE", "/entries/{id}", write, new RestOperation(
                "deleteEntry", Tag, "Deletes a registration entry and denies it at once",
                RestParameter.Query("reason", "Why; recorded", required: true)), DeleteAsync)
            .AnswersNothing();
    }

    private async Task ListAsync(HttpContext http)
    {
        RestCall.AllowQuery(http, "after", "limit");
        var limit = RestCall.Limit(http);
        var entries = await registrations.ListEntriesAsync(admin.TrustDomainName, RestCall.Query(http, "after"), limit, http.RequestAborted);
        var next = entries.Count == limit ? entries[^1].Id : null;
        await RestCall.WriteAsync(http, RestJson.Wire.EntryPage, new EntryPage([.. entries.Select(EntryView.Of)], next));
    }

    private async Task CreateAsync(HttpContext http)
    {
        var body = await RestCall.ReadAsync(http, RestJson.Wire.EntryBody);
        var actor = admin.Actor(http);
        var entry = RegistrationInput.Entry(body, admin.Scope, actor) with
        {
            Id = admin.Random.NewId(),
            CreatedAt = admin.Time.GetUtcNow(),
            Revision = 1,
            OperationId = AdminContext.OperationId(http),
        };
        var stored = await admin.Audit.RunAsync(
            http, actor, "create entry", $"{entry.Id} {entry.SpiffeId}", null, () => admin.Identity(entry.SpiffeId).PutEntryAsync(entry));
        http.Response.Headers.Location = $"{RestRoutes.Prefix}/entries/{stored.Id}";
        await AnswerAsync(http, stored, StatusCodes.Status201Created);
    }

    private async Task GetAsync(HttpContext http) => await AnswerAsync(http, await FindAsync(http), StatusCodes.Status200OK);

    private async Task ReplaceAsync(HttpContext http)
    {
        var revision = RestCall.Revision(http);
        var body = await RestCall.ReadAsync(http, RestJson.Wire.EntryBody);
        var actor = admin.Actor(http);
        var stored = await FindAsync(http);
        CheckMayTouch(actor, stored);
        var entry = RegistrationInput.Entry(body, admin.Scope, actor);
        if (entry.SpiffeId != stored.SpiffeId)
        {
            throw RestCall.Invalid("spiffe_id_fixed", "An entry keeps its SPIFFE ID; create another entry and delete this one.");
        }

        entry = entry with { Id = stored.Id, CreatedAt = stored.CreatedAt, Revision = revision + 1, OperationId = AdminContext.OperationId(http) };
        var written = await admin.Audit.RunAsync(
            http, actor, "replace entry", $"{entry.Id} {entry.SpiffeId}", null, () => admin.Identity(entry.SpiffeId).PutEntryAsync(entry));
        await AnswerAsync(http, written, StatusCodes.Status200OK);
    }

    private async Task DeleteAsync(HttpContext http)
    {
        RestCall.AllowQuery(http, "reason");
        var reason = AdminContext.Reason(RestCall.Query(http, "reason"));
        var actor = admin.Actor(http);
        var stored = await FindAsync(http);
        CheckMayTouch(actor, stored);
        var deleted = await admin.Audit.RunAsync(
            http, actor, "delete entry", $"{stored.Id} {stored.SpiffeId}", reason,
            () => admin.Identity(stored.SpiffeId).DeleteEntryAsync(stored.Id, reason, actor.Name, AdminContext.OperationId(http)));
        if (!deleted)
        {
            throw NoSuchEntry();
        }

        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static void CheckMayTouch(Operator actor, RegistrationEntry entry) => RegistrationInput.CheckMayRegister(actor, SpiffeId.Parse(entry.SpiffeId).Path);

    private static Task AnswerAsync(HttpContext http, RegistrationEntry entry, int status)
    {
        RestCall.Tag(http, entry.Revision);
        return RestCall.WriteAsync(http, RestJson.Wire.EntryView, EntryView.Of(entry), status);
    }

    private async ValueTask<RegistrationEntry> FindAsync(HttpContext http)
        => await registrations.GetEntryAsync(admin.TrustDomainName, RestCall.Route(http, "id"), http.RequestAborted) ?? throw NoSuchEntry();

    private static RefusedException NoSuchEntry() => RestCall.NotFound("There is no such entry.");
}
