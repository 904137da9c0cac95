namespace MeshGrains.Grains;

/// <summary>A cluster's request to the trust domain: put this JWT authority into the trust bundle.</summary>
[GenerateSerializer, Immutable, Alias("mg.PublishJwtAuthority")]
public sealed record PublishJwtAuthority([property: Id(0)] string OperationId, [property: Id(1)] JwtAuthorityView Authority);
