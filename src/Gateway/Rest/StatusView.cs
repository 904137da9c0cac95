namespace MeshGrains.Gateway.Rest;

/// <summary>
/// How this silo and its trust domain are. Parts that cannot be asked right now are absent and <paramref name="Problems"/> says why;
/// <paramref name="LiveCertificates"/> counts unexpired leaves per issuing CA.
/// </summary>
internal sealed record StatusView(
    string TrustDomain,
    string Cluster,
    bool Ready,
    IReadOnlyList<string> Problems,
    IssuerStatus? Issuer,
    AuthorityList? Authorities,
    IReadOnlyList<IssuingCaItem>? IssuingCas,
    IReadOnlyDictionary<string, long>? LiveCertificates,
    long? DenialNumber,
    int LogQueueDepth,
    DateTimeOffset Now);

/// <summary>What this silo issues from; the exposure of a stolen silo ends at <paramref name="NotAfter"/>.</summary>
internal sealed record IssuerStatus(
    string AuthorityId, string RootAuthorityId, long BundleNumber, DateTimeOffset NotBefore, DateTimeOffset NotAfter, long ExposureSeconds);
