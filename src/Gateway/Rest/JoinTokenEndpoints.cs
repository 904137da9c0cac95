using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/join-tokens</c>: single-use tokens for the first certificate of an entry's identity.</summary>
internal sealed class JoinTokenEndpoints(AdminContext admin, IRegistrationStore registrations, IJoinTokenService tokens)
{
    private const int DefaultTtlSeconds = 600;
    private const int MaxTtlSeconds = 24 * 3600;

    public void Map(IEndpointRouteBuilder endpoints)
        => endpoints.MapRest(
                "POST", "/join-tokens", Access.Operators(OperatorRole.Register),
                new RestOperation("createJoinToken", "join-tokens", "Creates a join token for an entry; its value is shown this once"), CreateAsync)
            .Takes<JoinTokenBody>().Answers<JoinTokenView>(StatusCodes.Status201Created);

    private async Task CreateAsync(HttpContext http)
    {
        var body = await RestCall.ReadAsync(http, RestJson.Wire.JoinTokenBody);
        var ttl = body.TtlSeconds ?? DefaultTtlSeconds;
        if (ttl is < 1 or > MaxTtlSeconds)
        {
            throw RestCall.Invalid("ttl_malformed", $"'ttlSeconds' lies between 1 and {MaxTtlSeconds}.");
        }

        var actor = admin.Actor(http);
        var entry = body.EntryId.Length is > 0 and <= 256
            ? await registrations.GetEntryAsync(admin.TrustDomainName, body.EntryId, http.RequestAborted)
            : null;
        if (entry is null)
        {
            throw RestCall.NotFound("There is no such entry; create it first.");
        }

        RegistrationInput.CheckMayRegister(actor, SpiffeId.Parse(entry.SpiffeId).Path);
        var (value, token) = await admin.Audit.RunAsync(
            http, actor, "create join token", $"{entry.Id} {entry.SpiffeId}", null,
            () => tokens.CreateAsync(entry.Id, TimeSpan.FromSeconds(ttl), actor.Name, http.RequestAborted).AsTask());
        await RestCall.WriteAsync(
            http, RestJson.Wire.JoinTokenView, new JoinTokenView(value, token.EntryId, token.ExpiresAt), StatusCodes.Status201Created);
    }
}
