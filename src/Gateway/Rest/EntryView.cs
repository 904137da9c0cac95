using MeshGrains.Grains;

namespace MeshGrains.Gateway.Rest;

/// <summary>A registration entry as it is stored.</summary>
internal sealed record EntryView(
    string Id,
    string SpiffeId,
    string ParentId,
    IReadOnlyList<string> Selectors,
    int? X509SvidTtlSeconds,
    int? JwtSvidTtlSeconds,
    IReadOnlyList<string> DnsNames,
    string? Hint,
    IReadOnlyList<string> FederatesWith,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset CreatedAt,
    long Revision)
{
    public static EntryView Of(RegistrationEntry entry) => new(
        entry.Id, entry.SpiffeId, entry.ParentId, [.. entry.Selectors.Select(selector => selector.ToString())], entry.X509SvidTtlSeconds,
        entry.JwtSvidTtlSeconds, entry.DnsNames, entry.Hint, entry.FederatesWith, entry.ExpiresAt, entry.CreatedAt, entry.Revision);
}

/// <summary>One page of entries; <paramref name="Next"/> goes into the next request's <c>after</c>, and is absent on the last page.</summary>
internal sealed record EntryPage(IReadOnlyList<EntryView> Entries, string? Next);
