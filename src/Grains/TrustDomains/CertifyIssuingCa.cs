namespace MeshGrains.Grains;

/// <summary>The cluster CA's request to the trust domain: certify this P-256 key (SubjectPublicKeyInfo, DER) as an issuing CA.</summary>
[GenerateSerializer, Immutable, Alias("mg.CertifyIssuingCa")]
public sealed record CertifyIssuingCa(
    [property: Id(0)] string OperationId,
    [property: Id(1)] string Cluster,
    [property: Id(2)] string Silo,
    [property: Id(3)] byte[] SubjectPublicKeyInfo,
    [property: Id(4)] long TtlSeconds);
