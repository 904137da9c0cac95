using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// A registration entry: which caller gets which SPIFFE ID, and with what certificate.
/// <paramref name="SpiffeId"/> and <paramref name="ParentId"/> are canonical SPIFFE IDs; TTLs are whole seconds, null for the default.
/// <paramref name="Revision"/> starts at 1 and grows by one with each write; the store refuses a write that does not follow it.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.RegistrationEntry")]
public sealed record RegistrationEntry(
    [property: Id(0)] string Id,
    [property: Id(1)] string TrustDomain,
    [property: Id(2)] string SpiffeId,
    [property: Id(3)] string ParentId,
    [property: Id(4)] ImmutableArray<Selector> Selectors,
    [property: Id(5)] int? X509SvidTtlSeconds,
    [property: Id(6)] int? JwtSvidTtlSeconds,
    [property: Id(7)] ImmutableArray<string> DnsNames,
    [property: Id(8)] string? Hint,
    [property: Id(9)] ImmutableArray<string> FederatesWith,
    [property: Id(10)] DateTimeOffset? ExpiresAt,
    [property: Id(11)] DateTimeOffset CreatedAt,
    [property: Id(12)] long Revision,
    [property: Id(13)] string OperationId);
