namespace MeshGrains.Grains;

/// <summary>What is trusted of a foreign trust domain at a number: SPIFFE's JWK Set; null while nothing is known of it.</summary>
[GenerateSerializer, Immutable, Alias("mg.FederatedKeys")]
public sealed record FederatedKeys(
    [property: Id(0)] long Number,
    [property: Id(1)] byte[]? Jwks);
