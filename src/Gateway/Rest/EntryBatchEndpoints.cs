using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/entries:batch</c>: registration entries, many at a time.</summary>
internal sealed class EntryBatchEndpoints(AdminContext admin, EntryBatches batches, IOptions<LimitsOptions> limits)
{
    /// <summary>A gateway in front hands on as much.</summary>
    public const string Path = RestRoutes.Prefix + Route;
    public const long MaxBytes = 1024 * 1024;
    private const string Route = "/entries:batch";

    public void Map(IEndpointRouteBuilder endpoints) => endpoints.MapRest("POST", Route, Access.Operators(OperatorRole.Register), new RestOperation(
            "createEntries", "entries", $"Creates up to {EntryBatches.MaxEntries} registration entries, each for itself; a result for each, in their order"), CreateAsync)
        .Takes<EntryBatchBody>().Answers<EntryBatchView>().WithMetadata(new BodyBound(Math.Max(MaxBytes, limits.Value.MaxRequestBytes)));

    private async Task CreateAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        var body = await RestCall.ReadAsync(http, RestJson.Wire.EntryBatchBody);
        var actor = admin.Actor(http);
        if (body.Entries.Count is 0 or > EntryBatches.MaxEntries)
        {
            throw RestCall.Invalid("batch_size", $"A batch has 1 to {EntryBatches.MaxEntries} entries, this one has {body.Entries.Count}; send the rest in further batches.");
        }

        if (body.Entries.Any(entry => entry is null))
        {
            throw RestCall.Invalid("body_malformed", "An entry of the batch is 'null'; an object is needed.");
        }

        var results = new EntryOutcome[body.Entries.Count];
        var fine = new List<(int Index, RegistrationEntry Entry)>(body.Entries.Count);
        for (var i = 0; i < results.Length; i++)
        {
            try
            {
                fine.Add((i, RegistrationInput.Entry(body.Entries[i], admin.Scope, actor)));
            }
            catch (RefusedException refused)
            {
                results[i] = EntryOutcome.Of(refused.Refusal);
            }
        }

        var written = await batches.CreateAsync([.. fine.Select(one => one.Entry)], AdminContext.OperationId(http));
        for (var i = 0; i < fine.Count; i++)
        {
            results[fine[i].Index] = written[i];
        }

        for (var i = 0; i < results.Length; i++)
        {
            Tell(http, actor, body.Entries[i], results[i]);
        }

        await RestCall.WriteAsync(http, RestJson.Wire.EntryBatchView, new EntryBatchView([.. results.Select(EntryResult.Of)]));
    }

    private void Tell(HttpContext http, Operator actor, EntryBody body, EntryOutcome outcome)
    {
        if (outcome.Kind == EntryOutcomeKind.Created)
        {
            admin.Audit.Done(http, actor, "create entry", $"{outcome.Entry!.Id} {outcome.Entry.SpiffeId}", null);
        }
        else if (outcome.Refusal is { } refusal)
        {
            // What a caller wrote is bounded before it goes into a log.
            var named = body.SpiffeId.Length <= RegistrationInput.MaxSpiffeIdChars ? body.SpiffeId : "an entry whose SPIFFE ID is too long";
            admin.Audit.Failed(http, actor, "create entry", named, refusal.Reason, null);
        }
    }
}
