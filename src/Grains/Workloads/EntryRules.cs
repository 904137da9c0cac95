using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>What a registration entry or template must satisfy; pure.</summary>
public static class EntryRules
{
    /// <summary>Identities of the control plane itself; no template, <c>register</c> role or foreign trust domain reaches them.</summary>
    public const string ReservedPrefix = "/meshgrains";

    private const int MaxSelectors = 64;
    private const int MaxDnsNames = 32;

    /// <summary>Whether a path is <c>/meshgrains</c> or lies under it.</summary>
    public static bool IsReserved(string path) =>
        path == ReservedPrefix || path.StartsWith(ReservedPrefix + "/", StringComparison.Ordinal);

    /// <summary>The parent of entries for callers that attest by themselves through a source: <c>spiffe://td/meshgrains/source/{name}</c>.</summary>
    public static string SourceParent(string trustDomain, string source) => $"spiffe://{trustDomain}{ReservedPrefix}/source/{source}";

    /// <summary>The parent of entries that join tokens admit to.</summary>
    public static string JoinTokenParent(string trustDomain) => $"spiffe://{trustDomain}{ReservedPrefix}/join-token";

    /// <summary>Null when the entry is fine, else what is wrong and what to do.</summary>
    public static string? Check(RegistrationEntry entry, TimeSpan maxTtl)
    {
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

        if (entry.Selectors.Length > MaxSelectors || entry.Selectors.Any(s => s.Type.Length is 0 or > 64 || s.Value.Length is 0 or > 1024))
        {
            return $"An entry has at most {MaxSelectors} selectors, each 'type:value' of at most 64 and 1,024 characters.";
        }

        if (entry.DnsNames.Length > MaxDnsNames || !entry.DnsNames.All(DnsName.IsValid))
        {
            return $"dnsNames: at most {MaxDnsNames}, each a host name such as 'cart.shop.svc'.";
        }

        if (entry.X509SvidTtlSeconds is { } ttl && (ttl < 1 || TimeSpan.FromSeconds(ttl) > maxTtl))
        {
            return $"x509SvidTtl is {ttl} s; the allowed range is 1 s to {maxTtl} (svid.maxTtl).";
        }

        return entry.Hint is { Length: > 128 } ? "hint has more than 128 characters." : null;
    }
}
