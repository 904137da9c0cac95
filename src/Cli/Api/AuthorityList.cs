namespace MeshGrains.Cli;

/// <summary>The root authorities of the trust domain.</summary>
internal sealed record AuthorityList(string TrustDomain, long BundleNumber, int RefreshHintSeconds, IReadOnlyList<AuthorityItem> Authorities);

internal sealed record AuthorityItem(
    string AuthorityId, string State, DateTimeOffset NotBefore, DateTimeOffset NotAfter, string? KeyReference, string? Certificate);
