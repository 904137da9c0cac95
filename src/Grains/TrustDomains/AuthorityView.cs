namespace MeshGrains.Grains;

/// <summary>One root authority of a trust domain. <paramref name="KeyReference"/> names the pinned KMS key version; it is not secret.</summary>
[GenerateSerializer, Immutable, Alias("mg.AuthorityView")]
public sealed record AuthorityView(
    [property: Id(0)] string AuthorityId,
    [property: Id(1)] AuthorityState State,
    [property: Id(2)] byte[] CertificateDer,
    [property: Id(3)] DateTimeOffset NotBefore,
    [property: Id(4)] DateTimeOffset NotAfter,
    [property: Id(5)] string KeyReference);
