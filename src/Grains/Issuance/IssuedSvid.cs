namespace MeshGrains.Grains;

/// <summary>
/// An issued X.509-SVID, already recorded. <paramref name="IssuerChainPem"/> holds the issuing CA (no root), <paramref name="BundlePem"/> every
/// root of the trust domain, both ready to send: shared strings of the issuer's snapshot.
/// </summary>
public sealed record IssuedSvid(
    string SpiffeId,
    string Serial,
    byte[] LeafDer,
    string IssuerChainPem,
    string BundlePem,
    long BundleNumber,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter)
{
    /// <summary>The issuing CA that signed it.</summary>
    public string? IssuerAuthorityId { get; init; }
}
