namespace MeshGrains.Grains;

/// <summary>A foreign X.509 authority that is trusted.</summary>
[GenerateSerializer, Immutable, Alias("mg.FederatedRoot")]
public sealed record FederatedRoot(
    [property: Id(0)] string AuthorityId,
    [property: Id(1)] DateTimeOffset NotBefore,
    [property: Id(2)] DateTimeOffset NotAfter);
