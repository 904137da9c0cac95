namespace MeshGrains.Cli;

/// <summary>A registration entry to create or to put in another's place. TTLs are whole seconds.</summary>
internal sealed record EntryBody(
    string SpiffeId,
    string? ParentId = null,
    IReadOnlyList<string>? Selectors = null,
    int? X509SvidTtlSeconds = null,
    int? JwtSvidTtlSeconds = null,
    IReadOnlyList<string>? DnsNames = null,
    string? Hint = null,
    IReadOnlyList<string>? FederatesWith = null,
    DateTimeOffset? ExpiresAt = null);
