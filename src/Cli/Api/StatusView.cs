namespace MeshGrains.Cli;

/// <summary>How a silo and its trust domain are; parts that it could not ask are null, and the problems say why.</summary>
internal sealed record StatusView(
    string TrustDomain,
    string Cluster,
    bool Ready,
    IReadOnlyList<string>? Problems,
    IssuerStatus? Issuer,
    AuthorityList? Authorities,
    IReadOnlyList<IssuingCaItem>? IssuingCas,
    IReadOnlyDictionary<string, long>? LiveCertificates,
    long? DenialNumber,
    int LogQueueDepth,
    DateTimeOffset Now);

internal sealed record IssuerStatus(
    string AuthorityId, string RootAuthorityId, long BundleNumber, DateTimeOffset NotBefore, DateTimeOffset NotAfter, long ExposureSeconds);
