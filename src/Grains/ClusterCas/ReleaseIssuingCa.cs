namespace MeshGrains.Grains;

/// <summary>
/// A silo that stops says that it signs no more under this issuing CA. Signed with its bootstrap key as <see cref="IssuingCaRequest"/> is, over
/// <see cref="ReleaseIssuingCaStatement"/>.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.ReleaseIssuingCa")]
public sealed record ReleaseIssuingCa(
    [property: Id(0)] string AuthorityId,
    [property: Id(1)] string Silo,
    [property: Id(2)] string Incarnation,
    [property: Id(3)] DateTimeOffset RequestedAt,
    [property: Id(4)] byte[][] BootstrapChain,
    [property: Id(5)] byte[] Signature);
