namespace MeshGrains.Grains;

/// <summary>
/// A registration by pattern, such as <c>spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}</c>. It serves callers of one attestation source
/// (<paramref name="Source"/>, the configured name of a token issuer) that present the workload's own token.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.RegistrationTemplate")]
public sealed record RegistrationTemplate(
    [property: Id(0)] string Id,
    [property: Id(1)] string TrustDomain,
    [property: Id(2)] string Source,
    [property: Id(3)] string Pattern,
    [property: Id(4)] int? X509SvidTtlSeconds,
    [property: Id(5)] string? Hint,
    [property: Id(6)] DateTimeOffset CreatedAt,
    [property: Id(7)] long Revision,
    [property: Id(8)] string OperationId);
