namespace MeshGrains.Grains;

/// <summary>One issuing CA of a cluster.</summary>
[GenerateSerializer, Immutable, Alias("mg.IssuingCaView")]
public sealed record IssuingCaView(
    [property: Id(0)] string AuthorityId,
    [property: Id(1)] string RootAuthorityId,
    [property: Id(2)] string Silo,
    [property: Id(3)] IssuingCaState State,
    [property: Id(4)] DateTimeOffset NotBefore,
    [property: Id(5)] DateTimeOffset NotAfter,
    [property: Id(6)] byte[] CertificateDer,
    [property: Id(7)] string? TaintReason);
