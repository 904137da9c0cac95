using Google.Protobuf.WellKnownTypes;
using MeshGrains.Agent.Svids;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Sds;

/// <summary>
/// The secrets that a proxy may have, by name: its identities and bundles by their SPIFFE IDs, and the three names of the configuration. Several names for one
/// thing are several secrets, in any combination. The default bundle is that of the default identity.
/// </summary>
internal sealed class SecretSet(WorkloadView view, SdsOptions names, bool spiffeValidator)
{
    /// <summary>Every identity and every bundle, by SPIFFE ID: what a request without names gets.</summary>
    public IReadOnlyList<string> All { get; } =
        [.. view.Svids.Select(item => item.Svid.SpiffeId).Distinct(StringComparer.Ordinal), .. view.Bundles.Select(bundle => bundle.TrustDomain.Id.ToString())];

    /// <summary>Every name that could be asked for now.</summary>
    public IEnumerable<string> Names => new[] { names.DefaultSvidName, names.DefaultBundleName, names.AllBundlesName }.Concat(All).Where(name => Find(name) is not null);

    /// <summary>Null when there is nothing of this name.</summary>
    public Any? Find(string name)
    {
        if (name == names.DefaultSvidName)
        {
            return view.Svids.Count > 0 ? SecretFactory.Certificate(name, view.Svids[0].Svid) : null;
        }

        if (name == names.DefaultBundleName)
        {
            return Context(name, [view.Svids is [var first, ..] ? first.Bundle : view.Own[0]]);
        }

        if (name == names.AllBundlesName)
        {
            return Context(name, [.. view.Bundles.OrderBy(bundle => bundle.TrustDomain.Name, StringComparer.Ordinal)]);
        }

        if (!SpiffeId.TryParse(name, out var id, out _))
        {
            return null;
        }

        if (id.Path.Length == 0)
        {
            return view.Bundles.FirstOrDefault(bundle => bundle.TrustDomain == id.TrustDomain) is { } bundle ? Context(name, [bundle]) : null;
        }

        var svid = view.Svids.Select(item => item.Svid).FirstOrDefault(svid => svid.SpiffeId == name);
        return svid is null ? null : SecretFactory.Certificate(name, svid);
    }

    private Any? Context(string name, IReadOnlyList<TrustBundle> bundles) =>
        spiffeValidator ? SecretFactory.SpiffeContext(name, bundles)
            : bundles.Count == 1 ? SecretFactory.PlainContext(name, bundles[0], names.Crl ? view.Crls.FirstOrDefault(crls => crls.TrustDomain == bundles[0].TrustDomain) : null)
            : null;
}
