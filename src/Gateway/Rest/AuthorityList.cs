using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Rest;

/// <summary>The root authorities of the trust domain.</summary>
internal sealed record AuthorityList(string TrustDomain, long BundleNumber, int RefreshHintSeconds, IReadOnlyList<AuthorityItem> Authorities)
{
    public static AuthorityList Of(TrustDomainView view) => new(
        view.Name, view.BundleNumber, view.RefreshHintSeconds,
        [.. view.Authorities.Select(authority => new AuthorityItem(
            authority.AuthorityId, authority.State, authority.NotBefore, authority.NotAfter, authority.KeyReference,
            authority.CertificateDer.Length == 0 ? null : PemWriter.EncodeCertificate(authority.CertificateDer)))]);
}

/// <summary>One root; <paramref name="KeyReference"/> names its pinned key version in the KMS. No certificate while it is being made.</summary>
internal sealed record AuthorityItem(
    string AuthorityId, AuthorityState State, DateTimeOffset NotBefore, DateTimeOffset NotAfter, string KeyReference, string? Certificate);
