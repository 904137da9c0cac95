using System.Collections.Immutable;
using MeshGrains.Gateway.Administration;
using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Rest;

/// <summary>Turns what a caller gives into registrations, within bounds, and checks what the operator may touch.</summary>
internal static class RegistrationInput
{
    public const int MaxListItems = 64;
    public const int MaxSpiffeIdChars = 2048;
    private const int MaxItemChars = 1024;
    private const int MaxHintChars = 256;
    private const int MaxTtlSeconds = 365 * 86_400;

    /// <summary>A checked entry with revision and ids still to be set by the caller of this.</summary>
    /// <exception cref="RefusedException">Something is malformed, out of bounds or not this operator's to touch.</exception>
    public static RegistrationEntry Entry(EntryBody body, MeshScope scope, Operator actor)
    {
        var id = Member(body.SpiffeId, "spiffeId", scope);
        if (id.Path.Length == 0)
        {
            throw RestCall.Invalid("spiffe_id_malformed", "'spiffeId' is the trust domain's own ID; a workload's has a path.");
        }

        if (body.ParentId is null && body.Selectors is { Count: > 0 })
        {
            throw RestCall.Invalid(
                "parent_missing",
                $"An entry with selectors needs a 'parentId': an agent's ID, or '{EntryRules.SourceParent(scope.TrustDomain.Name, "NAME")}' for a token issuer's callers.");
        }

        var parent = Member(body.ParentId ?? EntryRules.JoinTokenParent(scope.TrustDomain.Name), "parentId", scope);
        CheckMayRegister(actor, id.Path);
        return new RegistrationEntry(
            "", scope.TrustDomain.Name, id.ToString(), parent.ToString(), Selectors(body.Selectors), Ttl(body.X509SvidTtlSeconds, "x509SvidTtlSeconds"),
            Ttl(body.JwtSvidTtlSeconds, "jwtSvidTtlSeconds"), Strings(body.DnsNames, "dnsNames", CheckDnsName), Hint(body.Hint),
            Strings(body.FederatesWith, "federatesWith", CheckTrustDomain), body.ExpiresAt?.ToUniversalTime(), default, 0, "");
    }

    /// <inheritdoc cref="Entry"/>
    public static RegistrationTemplate Template(TemplateBody body, MeshScope scope, Operator actor)
    {
        if (string.IsNullOrWhiteSpace(body.Source) || body.Source.Length > MaxHintChars)
        {
            throw RestCall.Invalid("source_malformed", "'source' names the token issuer of attestation.kubernetes that the template serves.");
        }

        CheckMayRegister(actor, TemplatePath.LiteralPrefix(body.Pattern, scope));
        return new RegistrationTemplate(
            "", scope.TrustDomain.Name, body.Source, body.Pattern, Ttl(body.X509SvidTtlSeconds, "x509SvidTtlSeconds"), Hint(body.Hint), default, 0, "");
    }

    public static void CheckMayRegister(Operator actor, string path)
    {
        if (!actor.MayRegister(path))
        {
            RestCall.Throw(new Refusal(
                RefusalCode.PermissionDenied, "path_not_allowed", $"{actor.Name} may not register at '{path}'; gateway.roles in the configuration bounds the paths."));
        }
    }

    /// <summary>An ID of this trust domain.</summary>
    public static SpiffeId Member(string text, string field, MeshScope scope)
    {
        if (!SpiffeId.TryParse(text, out var id, out var error))
        {
            throw RestCall.Invalid("spiffe_id_malformed", $"'{field}': {error}");
        }

        return id.IsMemberOf(scope.TrustDomain)
            ? id
            : throw RestCall.Invalid("spiffe_id_foreign", $"'{field}' is of another trust domain; here it is '{scope.TrustDomain.Name}'.");
    }

    private static ImmutableArray<Selector> Selectors(IReadOnlyList<string>? texts)
        => [.. Strings(texts, "selectors", text => Selector.TryParse(text, out _) ? null : "is not 'type:value'")
            .Select(text => Selector.TryParse(text, out var selector) ? selector! : throw new InvalidOperationException("A checked selector did not parse."))];

    private static ImmutableArray<string> Strings(IReadOnlyList<string>? texts, string field, Func<string, string?> check)
    {
        if (texts is null)
        {
            return [];
        }

        if (texts.Count > MaxListItems)
        {
            throw RestCall.Invalid("list_too_long", $"'{field}' has {texts.Count} items; at most {MaxListItems} are taken.");
        }

        foreach (var text in texts)
        {
            var problem = text.Length is 0 or > MaxItemChars || text.Any(char.IsControl) ? $"is not one line of 1 to {MaxItemChars} characters" : check(text);
            if (problem is not null)
            {
                throw RestCall.Invalid("item_malformed", $"An item of '{field}' {problem}.");
            }
        }

        return [.. texts.Distinct(StringComparer.Ordinal)];
    }

    private static string? CheckDnsName(string text) => Uri.CheckHostName(text) == UriHostNameType.Dns ? null : "is not a DNS name";

    private static string? CheckTrustDomain(string text) => TrustDomain.TryParse(text, out _, out _) ? null : "is not the name of a trust domain";

    private static int? Ttl(int? seconds, string field) => seconds is null or (> 0 and <= MaxTtlSeconds)
        ? seconds
        : throw RestCall.Invalid("ttl_malformed", $"'{field}' is a number of seconds from 1 to {MaxTtlSeconds}; leave it out for the default.");

    private static string? Hint(string? hint) => hint is null || (hint.Length <= MaxHintChars && !hint.Any(char.IsControl))
        ? hint
        : throw RestCall.Invalid("hint_malformed", $"'hint' is one line of at most {MaxHintChars} characters.");
}
