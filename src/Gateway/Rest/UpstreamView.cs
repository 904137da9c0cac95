using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Rest;

/// <summary>The request (PKCS #10, PEM) for a root's certificate; <paramref name="Waiting"/> while nothing is issued for want of it.</summary>
internal sealed record UpstreamView(string TrustDomain, string AuthorityId, string KeyReference, bool Waiting, string Csr)
{
    public static UpstreamView Of(string trustDomain, UpstreamRequest request) => new(
        trustDomain, request.AuthorityId, request.KeyReference, request.Waiting, PemWriter.Encode("CERTIFICATE REQUEST", request.RequestDer));
}

/// <summary>The outside CA's answer: PEM of our certificate and those above it, the outside root among them.</summary>
internal sealed record UpstreamChainBody(string Chain, string Reason);

/// <summary>What became of it; <paramref name="NotAfter"/> is the earliest end in the chain.</summary>
internal sealed record UpstreamImportView(string AuthorityId, int Certificates, DateTimeOffset NotAfter, bool First, long BundleNumber)
{
    public static UpstreamImportView Of(UpstreamImport import) => new(import.AuthorityId, import.Certificates, import.NotAfter, import.First, import.BundleNumber);
}
