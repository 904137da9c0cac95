namespace MeshGrains.Cli;

/// <summary>The request for a root's certificate.</summary>
internal sealed record UpstreamView(string TrustDomain, string AuthorityId, string KeyReference, bool Waiting, string Csr);

internal sealed record UpstreamChainBody(string Chain, string Reason);

internal sealed record UpstreamImportView(string AuthorityId, int Certificates, DateTimeOffset NotAfter, bool First, long BundleNumber);
