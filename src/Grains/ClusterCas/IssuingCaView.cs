namespace MeshGrains.Grains;

/// <summary>
/// One issuing CA of a cluster. While it is active, its silo takes relayed calls at <paramref name="RelayEndpoint"/> (<c>host:port</c>; null or
/// empty: it takes none). With what it signs no bundle older than <paramref name="BundleNumber"/> is delivered; since <paramref name="SealedAt"/> nothing more
/// is ever issued under it.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.IssuingCaView")]
public sealed record IssuingCaView(
    [property: Id(0)] string AuthorityId,
    [property: Id(1)] string RootAuthorityId,
    [property: Id(2)] string Silo,
    [property: Id(3)] IssuingCaState State,
    [property: Id(4)] DateTimeOffset NotBefore,
    [property: Id(5)] DateTimeOffset NotAfter,
    [property: Id(6)] byte[] CertificateDer,
    [property: Id(7)] string? TaintReason,
    [property: Id(8)] string? Incarnation = null,
    [property: Id(9)] string? RelayEndpoint = null,
    [property: Id(10)] long BundleNumber = 0,
    [property: Id(11)] DateTimeOffset? SealedAt = null,
    [property: Id(12)] DateTimeOffset? EndedAt = null);
