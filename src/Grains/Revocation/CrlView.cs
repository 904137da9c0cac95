namespace MeshGrains.Grains;

/// <summary>A certificate revocation list as it is served. <paramref name="AuthorityId"/> is whose; <paramref name="Revoked"/> counts the certificates on it.</summary>
[GenerateSerializer, Immutable, Alias("mg.CrlView")]
public sealed record CrlView(
    [property: Id(0)] string AuthorityId,
    [property: Id(1)] bool IsRoot,
    [property: Id(2)] long Number,
    [property: Id(3)] DateTimeOffset ThisUpdate,
    [property: Id(4)] DateTimeOffset NextUpdate,
    [property: Id(5)] int Revoked,
    [property: Id(6)] byte[] Der);
