using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>What a registration entry or template must satisfy; pure.</summary>
public static class EntryRules
{
    /// <summary>Identities of the control plane itself; no template, <c>register</c> role or foreign trust domain reaches them.</summary>
    public const string ReservedPrefix = "/meshgrains";

    private const int MaxSelectors = 64;
    private const int MaxDnsNames = 32;
    private const int MaxFederations = 64;
    private const int MaxName = 256;

    /// <summary>Whether a path is <c>/meshgrains</c> or lies under it.</summary>
    public static bool IsReserved(string path) =>
        path == ReservedPrefix || path.StartsWith(ReservedPrefix + "/", StringComparison.Ordinal);

    /// <summary>The parent of entries for callers that attest by themselves through a source: <c>spiffe://td/meshgrains/source/{name}</c>.</summary>
    public static string SourceParent(string trustDomain, string source) => $"spiffe://{trustDomain}{ReservedPrefix}/source/{source}";

    /// <summary>The parent of entries that join tokens admit to.</summary>
    public static string JoinTokenParent(string trustDomain) => $"spiffe://{trustDomain}{ReservedPrefix}/join-token";

    /// <summary>The parent of entries of nodes that attested by themselves: <c>spiffe://td/meshgrains/node/{attestor}</c>.</summary>
    public static string NodeParent(string trustDomain, string attestor) => $"spiffe://{trustDomain}{ReservedPrefix}/node/{attestor}";

    /// <summary>Null when the entry may be registered in this cluster, else why not.</summary>
    public static Refusal? Refuse(RegistrationEntry entry, TrustDomainOptions trustDomain, SvidOptions svids, HomeOptions home)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(trustDomain);
        ArgumentNullException.ThrowIfNull(svids);
        ArgumentNullException.ThrowIfNull(home);
        if (entry.TrustDomain != trustDomain.Name)
        {
            return new Refusal(RefusalCode.InvalidArgument, "bad_entry", $"The trust domain here is {trustDomain.Name}, not {entry.TrustDomain}.");
        }

        if (Check(entry, svids.MaxTtl) is { } wrong)
        {
            return new Refusal(RefusalCode.InvalidArgument, "bad_entry", wrong);
        }

        return home.IsElsewhere && !ClusterPaths.Allows(home.AllowedPaths, SpiffeId.Parse(entry.SpiffeId).Path)
            ? new Refusal(
                RefusalCode.InvalidArgument, "outside_cluster", $"This cluster issues in {string.Join(", ", home.AllowedPaths)} alone (home.allowedPaths); register {entry.SpiffeId} where it is issued.")
            : null;
    }

    /// <summary>Null when the entry is fine, else what is wrong and what to do.</summary>
    public static string? Check(RegistrationEntry entry, TimeSpan maxTtl)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (CheckKey(entry.Id, entry.OperationId, entry.Revision) is { } wrong)
        {
            return wrong;
        }

        if (entry.Selectors.IsDefault || entry.DnsNames.IsDefault || entry.FederatesWith.IsDefault)
        {
            return "selectors, dnsNames and federatesWith may be empty, but must be there.";
        }

        if (!SpiffeId.TryParse(entry.SpiffeId, out var id, out var error))
        {
            return $"spiffeId '{entry.SpiffeId}': {error}";
        }

        if (!SpiffeId.TryParse(entry.ParentId, out var parent, out error))
        {
            return $"parentId '{entry.ParentId}': {error}";
        }

        if (id.TrustDomain.Name != entry.TrustDomain || parent.TrustDomain.Name != entry.TrustDomain)
        {
            return $"spiffeId and parentId must lie in the trust domain '{entry.TrustDomain}'.";
        }

        if (id.Path.Length == 0)
        {
            return "spiffeId needs a path: the bare trust domain names the authority, not a workload.";
        }

        if (entry.ParentId == entry.SpiffeId)
        {
            return "parentId and spiffeId must differ.";
        }

        if (parent.Path.StartsWith(AgentNames.Prefix, StringComparison.Ordinal))
        {
            if (entry.Selectors.IsEmpty)
            {
                return "An entry under an agent needs a selector: without one it would fit every process of the node.";
            }

            if (IsReserved(id.Path))
            {
                return $"No identity below {ReservedPrefix} is given through an agent.";
            }
        }

        if (entry.Selectors.Length > MaxSelectors || entry.Selectors.Any(s => s.Type.Length is 0 or > 64 || s.Value.Length is 0 or > 1024))
        {
            return $"An entry has at most {MaxSelectors} selectors, each 'type:value' of at most 64 and 1,024 characters.";
        }

        if (entry.DnsNames.Length > MaxDnsNames || !entry.DnsNames.All(DnsName.IsValid))
        {
            return $"dnsNames: at most {MaxDnsNames}, each a host name such as 'cart.shop.svc'.";
        }

        if (entry.FederatesWith.Length > MaxFederations || !entry.FederatesWith.All(name => TrustDomain.TryParse(name, out _, out _)))
        {
            return $"federatesWith: at most {MaxFederations}, each the name of a trust domain.";
        }

        return entry.JwtSvidTtlSeconds is < 1
            ? $"jwtSvidTtl is {entry.JwtSvidTtlSeconds} s; give at least 1 s."
            : CheckTtl(entry.X509SvidTtlSeconds, maxTtl) ?? CheckHint(entry.Hint);
    }

    /// <summary>What a template must satisfy beside its pattern; null when it is fine.</summary>
    public static string? Check(RegistrationTemplate template, TimeSpan maxTtl)
    {
        ArgumentNullException.ThrowIfNull(template);
        return CheckKey(template.Id, template.OperationId, template.Revision)
            ?? (template.Source is { Length: > 0 and <= MaxName } ? null : $"source is the name of a token issuer, of at most {MaxName} characters, or '*'.")
            ?? CheckTtl(template.X509SvidTtlSeconds, maxTtl)
            ?? CheckHint(template.Hint);
    }

    private static string? CheckKey(string id, string operationId, long revision) =>
        id is not { Length: > 0 and <= MaxName } || operationId is not { Length: > 0 and <= MaxName }
            ? $"id and operation id have 1 to {MaxName} characters."
            : revision < 1 ? $"revision is {revision}; the first is 1, and each write takes the next." : null;

    private static string? CheckTtl(int? seconds, TimeSpan maxTtl) => seconds is { } ttl && (ttl < 1 || TimeSpan.FromSeconds(ttl) > maxTtl)
        ? $"x509SvidTtl is {ttl} s; the allowed range is 1 s to {maxTtl} (svid.maxTtl)."
        : null;

    private static string? CheckHint(string? hint) => hint is { Length: > MaxName } ? $"hint has more than {MaxName} characters." : null;
}
