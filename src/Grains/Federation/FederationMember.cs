namespace MeshGrains.Grains;

/// <summary>A foreign trust domain in the list, and the number of what is trusted of it; 0 while that is not known.</summary>
[GenerateSerializer, Immutable, Alias("mg.FederationMember")]
public sealed record FederationMember(
    [property: Id(0)] string TrustDomain,
    [property: Id(1)] long Number);
