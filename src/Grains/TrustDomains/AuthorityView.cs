using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// One root authority of a trust domain. <paramref name="KeyReference"/> names the pinned KMS key version; it is not secret. Where an outside CA certified it,
/// <paramref name="Upstream"/> holds the certificates above its own, nearest first, the outside root last.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.AuthorityView")]
public sealed record AuthorityView(
    [property: Id(0)] string AuthorityId,
    [property: Id(1)] AuthorityState State,
    [property: Id(2)] byte[] CertificateDer,
    [property: Id(3)] DateTimeOffset NotBefore,
    [property: Id(4)] DateTimeOffset NotAfter,
    [property: Id(5)] string KeyReference,
    [property: Id(6)] ImmutableArray<byte[]>? Upstream = null)
{
    /// <summary>What relying parties trust, and the bundle holds: the outside root, or its own certificate.</summary>
    public byte[] AnchorDer => Upstream is { Length: > 0 } above ? above[^1] : CertificateDer;

    /// <summary>What is served above an issuing CA, nearest first, without the anchor; empty where the authority is the anchor itself.</summary>
    public ImmutableArray<byte[]> ServedDer => Upstream is { Length: > 0 } above ? [CertificateDer, .. above[..^1]] : [];
}
