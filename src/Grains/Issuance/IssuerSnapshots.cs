using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>Makes snapshots from what the authority answered.</summary>
internal static class IssuerSnapshots
{
    public static IssuerSnapshot Make(TrustDomain trustDomain, IssuerKey key, CertifiedIssuingCa certified, TrustDomainView view)
    {
        var bundle = TrustBundles.Of(view);
        return new IssuerSnapshot
        {
            TrustDomain = trustDomain,
            Issuer = Issuer.Create(key, certified.CertificateDer),
            AuthorityId = certified.AuthorityId,
            RootAuthorityId = certified.RootAuthorityId,
            IssuingCaDer = certified.CertificateDer,
            ChainPem = PemWriter.EncodeCertificate(certified.CertificateDer),
            Bundle = bundle,
            BundlePem = bundle.ToPem(),
            BundleNumber = view.BundleNumber,
            IssuerBundleNumber = certified.BundleNumber,
            NotBefore = certified.NotBefore,
            NotAfter = certified.NotAfter,
        };
    }

    /// <summary>The same CA with another bundle.</summary>
    public static IssuerSnapshot WithBundle(IssuerSnapshot snapshot, TrustDomainView view)
    {
        var bundle = TrustBundles.Of(view);
        return new IssuerSnapshot
        {
            TrustDomain = snapshot.TrustDomain,
            Issuer = snapshot.Issuer,
            AuthorityId = snapshot.AuthorityId,
            RootAuthorityId = snapshot.RootAuthorityId,
            IssuingCaDer = snapshot.IssuingCaDer,
            ChainPem = snapshot.ChainPem,
            Bundle = bundle,
            BundlePem = bundle.ToPem(),
            BundleNumber = view.BundleNumber,
            IssuerBundleNumber = snapshot.IssuerBundleNumber,
            NotBefore = snapshot.NotBefore,
            NotAfter = snapshot.NotAfter,
        };
    }
}
