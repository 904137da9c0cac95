namespace MeshGrains.Cli;

/// <summary>A registration entry as it is stored.</summary>
internal sealed record EntryView(
    string Id,
    string SpiffeId,
    string ParentId,
    IReadOnlyList<string>? Selectors,
    int? X509SvidTtlSeconds,
    int? JwtSvidTtlSeconds,
    IReadOnlyList<string>? DnsNames,
    string? Hint,
    IReadOnlyList<string>? FederatesWith,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset CreatedAt,
    long Revision);

/// <summary>One page of entries; <paramref name="Next"/> asks for the one after it.</summary>
internal sealed record EntryPage(IReadOnlyList<EntryView> Entries, string? Next);
