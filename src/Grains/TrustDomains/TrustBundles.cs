using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>The SPIFFE trust bundle of a trust domain, as its view tells it.</summary>
public static class TrustBundles
{
    /// <summary>
    /// Every root that relying parties shall trust: prepared, active and old ones, and tainted ones until they are revoked. And every key that JWT-SVIDs
    /// of any cluster may be signed with.
    /// </summary>
    public static SpiffeBundle Of(TrustDomainView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        return new SpiffeBundle(TrustDomain.Parse(view.Name))
            .WithX509Authorities(view.Authorities
                .Where(authority => authority.State != AuthorityState.Revoked)
                .Select(authority => (ReadOnlyMemory<byte>)authority.AnchorDer)
                .ToImmutableArray())
            .WithJwtAuthorities((view.JwtAuthorities ?? []).Select(authority => new JwtAuthority(authority.KeyId, authority.SubjectPublicKeyInfo)))
            .WithSequence((ulong)view.BundleNumber)
            .WithRefreshHint(TimeSpan.FromSeconds(view.RefreshHintSeconds));
    }
}
