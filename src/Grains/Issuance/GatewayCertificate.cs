namespace MeshGrains.Grains;

/// <summary>
/// The gateway's certificate, already recorded. <paramref name="IssuersDer"/> holds the chain above the leaf without the root;
/// <paramref name="IssuerAuthorityId"/> tells later whether its issuer still is the silo's.
/// </summary>
public sealed record GatewayCertificate(
    string SpiffeId,
    string Serial,
    byte[] LeafDer,
    IReadOnlyList<byte[]> IssuersDer,
    string IssuerAuthorityId,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter);
