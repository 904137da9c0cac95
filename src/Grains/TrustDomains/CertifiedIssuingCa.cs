namespace MeshGrains.Grains;

/// <summary>
/// An issuing CA's certificate, with the root that signed it. Its silo delivers no bundle older than <paramref name="BundleNumber"/> with what it signs.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.CertifiedIssuingCa")]
public sealed record CertifiedIssuingCa(
    [property: Id(0)] string AuthorityId,
    [property: Id(1)] string RootAuthorityId,
    [property: Id(2)] byte[] CertificateDer,
    [property: Id(3)] DateTimeOffset NotBefore,
    [property: Id(4)] DateTimeOffset NotAfter,
    [property: Id(5)] long BundleNumber = 0);
