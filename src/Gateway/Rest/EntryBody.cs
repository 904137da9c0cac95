namespace MeshGrains.Gateway.Rest;

/// <summary>
/// A registration entry as a caller gives it. Selectors are <c>type:value</c>; TTLs are whole seconds. Without selectors the parent may be left out:
/// then the entry is for join tokens.
/// </summary>
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
