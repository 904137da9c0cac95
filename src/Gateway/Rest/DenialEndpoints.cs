using System.Globalization;
using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/denials</c>: who gets no new certificates, and quarantine of identities.</summary>
internal sealed class DenialEndpoints(AdminContext admin, MemberClusters members)
{
    private const string Tag = "denials";

    public void Map(IEndpointRouteBuilder endpoints)
    {
        var read = Access.Operators(OperatorRole.Read, OperatorRole.Rotate);
        var write = Access.Operators();
        endpoints.MapRest("GET", "/denials", read, new RestOperation("listDenials", Tag, "Lists the denial set"), ListAsync)
            .Answers<DenialList>();
        endpoints.MapRest("GET", "/denials/{number}", read, new RestOperation("getDenialReceipt", Tag, "Tells since when a number of the denial set holds everywhere"), ReceiptAsync)
            .Answers<DenialReceiptView>();
        endpoints.MapRest("POST", "/denials", write, new RestOperation("quarantineIdentity", Tag, "Quarantines an identity: no new certificates for it"), QuarantineAsync)
            .Takes<QuarantineBody>().Answers<DenialReceiptView>();
        endpoints.MapRest("DELETE", "/denials", write, new RestOperation(
                "releaseIdentity", Tag, "Releases an identity from quarantine",
                RestParameter.Query("spiffeId", "The identity", required: true), RestParameter.Query("reason", "Why; recorded", required: true)), ReleaseAsync)
            .Answers<DenialReceiptView>();
    }

    private async Task ListAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        await RestCall.WriteAsync(http, RestJson.Wire.DenialList, DenialList.Of(await admin.Denials.ReadAsync()));
    }

    private async Task ReceiptAsync(HttpContext http)
    {
        if (!long.TryParse(RestCall.Route(http, "number"), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            throw RestCall.NotFound("The number of a denial set is a whole number.");
        }

        await AnswerAsync(http, await admin.Denials.StatusAsync(number));
    }

    private async Task QuarantineAsync(HttpContext http)
    {
        var body = await RestCall.ReadAsync(http, RestJson.Wire.QuarantineBody);
        var id = RegistrationInput.Member(body.SpiffeId, "spiffeId", admin.Scope).ToString();
        var reason = AdminContext.Reason(body.Reason);
        var actor = admin.Actor(http);
        await AnswerAsync(http, await admin.Audit.RunAsync(
            http, actor, "quarantine identity", id, reason,
            () => admin.Identity(id).QuarantineAsync(reason, actor.Name, AdminContext.OperationId(http))));
    }

    private async Task ReleaseAsync(HttpContext http)
    {
        RestCall.AllowQuery(http, "spiffeId", "reason");
        var id = RegistrationInput.Member(RestCall.Query(http, "spiffeId") ?? "", "spiffeId", admin.Scope).ToString();
        var reason = AdminContext.Reason(RestCall.Query(http, "reason"));
        var actor = admin.Actor(http);
        await AnswerAsync(http, await admin.Audit.RunAsync(
            http, actor, "release identity", id, reason,
            () => admin.Identity(id).ReleaseAsync(reason, actor.Name, AdminContext.OperationId(http))));
    }

    private async Task AnswerAsync(HttpContext http, DenialReceipt receipt)
        => await RestCall.WriteAsync(http, RestJson.Wire.DenialReceiptView, DenialReceiptView.Of(receipt, await members.DenialsAsync(receipt.Number)));
}
