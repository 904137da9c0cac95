namespace MeshGrains.Grains;

/// <summary>A JWT authority in the trust bundle: its public key (SubjectPublicKeyInfo, DER) and the cluster that signs with it.</summary>
[GenerateSerializer, Immutable, Alias("mg.JwtAuthorityView")]
public sealed record JwtAuthorityView(
    [property: Id(0)] string KeyId,
    [property: Id(1)] string Cluster,
    [property: Id(2)] byte[] SubjectPublicKeyInfo,
    [property: Id(3)] DateTimeOffset NotAfter);
