namespace MeshGrains.Grains;

/// <summary>Makes the trust domain and its first root where there is none. Lives and hints are whole seconds.</summary>
[GenerateSerializer, Immutable, Alias("mg.EnsureTrustDomain")]
public sealed record EnsureTrustDomain(
    [property: Id(0)] string OperationId,
    [property: Id(1)] string RootKeyAlgorithm,
    [property: Id(2)] long RootTtlSeconds,
    [property: Id(3)] int RefreshHintSeconds,
    [property: Id(4)] bool NameConstraints);
