namespace MeshGrains.Grains;

/// <summary>
/// The cluster CA's request to the trust domain: certify this P-256 key (SubjectPublicKeyInfo, DER) as an issuing CA. <paramref name="Request"/> is what the silo
/// signed, for the home of a member cluster to check again. <paramref name="BudgetPerHour"/>: how many a member's silo may ask for; 0 for the home's own, whose
/// cluster CA counts them.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.CertifyIssuingCa")]
public sealed record CertifyIssuingCa(
    [property: Id(0)] string OperationId,
    [property: Id(1)] string Cluster,
    [property: Id(2)] string Silo,
    [property: Id(3)] byte[] SubjectPublicKeyInfo,
    [property: Id(4)] long TtlSeconds,
    [property: Id(5)] IssuingCaRequest? Request = null,
    [property: Id(6)] int BudgetPerHour = 0);
