namespace MeshGrains.Cli;

/// <summary>Roots and issuing CAs together, as <c>authority list</c> gives them.</summary>
internal sealed record AuthorityOverview(
    string TrustDomain, long BundleNumber, IReadOnlyList<AuthorityItem> Authorities, IReadOnlyList<IssuingCaItem> IssuingCas);
