using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>Makes snapshots from what the authority answered.</summary>
internal static class IssuerSnapshots
{
    public static IssuerSnapshot Make(TrustDomain trustDomain, IssuerKey key, CertifiedIssuingCa certified, TrustDomainView view)
    {
        var bundle = TrustBundles.Of(view);
        var above = Above(view, certified.RootAuthorityId) ?? [];
        return new IssuerSnapshot
        {
            TrustDomain = trustDomain,
            Issuer = Issuer.Create(key, certified.CertificateDer),
            AuthorityId = certified.AuthorityId,
            RootAuthorityId = certified.RootAuthorityId,
            IssuingCaDer = certified.CertificateDer,
            UpperChainDer = above,
            ChainPem = ChainPem(certified.CertificateDer, above),
            Bundle = bundle,
            BundlePem = bundle.ToPem(),
            BundleNumber = view.BundleNumber,
            IssuerBundleNumber = certified.BundleNumber,
            NotBefore = certified.NotBefore,
            NotAfter = certified.NotAfter,
        };
    }

    /// <summary>The same CA with another bundle, and with what stands above its root by now.</summary>
    public static IssuerSnapshot WithBundle(IssuerSnapshot snapshot, TrustDomainView view)
    {
        var bundle = TrustBundles.Of(view);
        var above = Above(view, snapshot.RootAuthorityId) ?? snapshot.UpperChainDer;
        var same = above.Length == snapshot.UpperChainDer.Length && above.Zip(snapshot.UpperChainDer).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
        return new IssuerSnapshot
        {
            TrustDomain = snapshot.TrustDomain,
            Issuer = snapshot.Issuer,
            AuthorityId = snapshot.AuthorityId,
            RootAuthorityId = snapshot.RootAuthorityId,
            IssuingCaDer = snapshot.IssuingCaDer,
            UpperChainDer = above,
            ChainPem = same ? snapshot.ChainPem : ChainPem(snapshot.IssuingCaDer, above),
            Bundle = bundle,
            BundlePem = bundle.ToPem(),
            BundleNumber = view.BundleNumber,
            IssuerBundleNumber = snapshot.IssuerBundleNumber,
            NotBefore = snapshot.NotBefore,
            NotAfter = snapshot.NotAfter,
        };
    }

    /// <summary>Null for a root that is shown no more.</summary>
    private static ImmutableArray<byte[]>? Above(TrustDomainView view, string rootAuthorityId) =>
        view.Authorities.FirstOrDefault(authority => authority.AuthorityId == rootAuthorityId)?.ServedDer;

    private static string ChainPem(byte[] issuingCa, ImmutableArray<byte[]> above) =>
        PemWriter.EncodeCertificates([issuingCa, .. above.Select(der => (ReadOnlyMemory<byte>)der)]);
}
