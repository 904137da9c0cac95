using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/issuances</c>: what the issuance log holds, and whether it is whole.</summary>
internal sealed class IssuanceEndpoints(AdminContext admin, IIssuanceLog log, LogCheck check)
{
    private const int MaxSerialDigits = 40;

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapRest(
                "GET", "/issuances", Access.Operators(OperatorRole.Read, OperatorRole.Rotate),
                new RestOperation(
                    "listIssuances", "issuances", "Lists issued certificates, the newest first: all, of one identity, or the one with a serial",
                    RestParameter.Query("spiffeId", "Of this identity"), RestParameter.Query("serial", "With this serial, in hex"),
                    RestParameter.Number("before", "The position that the page before ended with"),
                    RestParameter.Number("limit", "At most this many; 100 unless told, 1000 at most")),
                ListAsync)
            .Answers<IssuancePage>();
        endpoints.MapRest(
                "GET", "/issuances/verification", Access.Operators(OperatorRole.Read),
                new RestOperation("verifyIssuances", "issuances", "Recomputes the hash chain of the whole log and tells what is broken"), VerifyAsync)
            .Answers<LogVerificationView>();
    }

    private async Task VerifyAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        await RestCall.WriteAsync(http, RestJson.Wire.LogVerificationView, await check.RunAsync(http.RequestAborted));
    }

    private async Task ListAsync(HttpContext http)
    {
        RestCall.AllowQuery(http, "spiffeId", "serial", "before", "limit");
        var spiffeId = RestCall.Query(http, "spiffeId");
        var serial = RestCall.Query(http, "serial");
        if (spiffeId is not null && serial is not null)
        {
            throw RestCall.Invalid("parameter_conflict", "Either 'spiffeId' or 'serial', not both.");
        }

        var page = serial is not null ? await BySerialAsync(http, serial) : await PageAsync(http, spiffeId);
        await RestCall.WriteAsync(http, RestJson.Wire.IssuancePage, page);
    }

    private async ValueTask<IssuancePage> BySerialAsync(HttpContext http, string text)
    {
        // As openssl and browsers print it, with colons, upper case or an odd number of digits.
        var serial = text.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant();
        if (serial.Length is 0 or > MaxSerialDigits || !serial.All(char.IsAsciiHexDigit))
        {
            throw RestCall.Invalid("serial_malformed", $"A serial is 1 to {MaxSerialDigits} hexadecimal digits.");
        }

        var record = await log.FindBySerialAsync(admin.TrustDomainName, Canonical(serial), hint: null, http.RequestAborted);
        return new IssuancePage(record is null ? [] : [IssuanceItem.Of(record, position: null)], Next: null);
    }

    private async ValueTask<IssuancePage> PageAsync(HttpContext http, string? spiffeId)
    {
        var limit = RestCall.Limit(http);
        var before = RestCall.Position(http, "before");
        var records = spiffeId is null
            ? await log.ListAsync(admin.TrustDomainName, before, limit, http.RequestAborted)
            : await log.FindByIdentityAsync(
                admin.TrustDomainName, RegistrationInput.Member(spiffeId, "spiffeId", admin.Scope).ToString(), before, limit, http.RequestAborted);
        return new IssuancePage(
            [.. records.Select(one => IssuanceItem.Of(one.Record, one.Position))], records.Count >= limit ? records[^1].Position : null);
    }

    /// <summary>As records hold it: whole bytes, the leading zero bytes cut.</summary>
    private static string Canonical(string digits)
    {
        var significant = digits.TrimStart('0');
        return significant.Length % 2 == 0 ? significant : "0" + significant;
    }
}
