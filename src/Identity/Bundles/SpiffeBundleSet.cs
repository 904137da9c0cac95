using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Identity;

/// <summary>Bundles by trust domain, each kept apart: an SVID is only ever judged by the bundle of its own trust domain. Immutable.</summary>
public sealed class SpiffeBundleSet
{
    private readonly ImmutableDictionary<TrustDomain, SpiffeBundle> _bundles;

    private SpiffeBundleSet(ImmutableDictionary<TrustDomain, SpiffeBundle> bundles) => _bundles = bundles;

    public static SpiffeBundleSet Empty { get; } = new(ImmutableDictionary<TrustDomain, SpiffeBundle>.Empty);

    public IEnumerable<SpiffeBundle> Bundles => _bundles.Values;

    public int Count => _bundles.Count;

    public bool TryGet(TrustDomain trustDomain, [NotNullWhen(true)] out SpiffeBundle? bundle) => _bundles.TryGetValue(trustDomain, out bundle);

    /// <summary>The set with this bundle in the place of any other of its trust domain.</summary>
    public SpiffeBundleSet With(SpiffeBundle bundle)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        return new(_bundles.SetItem(bundle.TrustDomain, bundle));
    }

    public SpiffeBundleSet Without(TrustDomain trustDomain) => new(_bundles.Remove(trustDomain));
}
