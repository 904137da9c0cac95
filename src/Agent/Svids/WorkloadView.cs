using MeshGrains.Agent.Domains;

namespace MeshGrains.Agent.Svids;

/// <summary>
/// What one workload gets out of a snapshot: its SVIDs in order, those of the first trust domain first, each with the bundle of its own trust domain; the bundles of the
/// trust domains in which it has entries; those of the trust domains that its entries federate with.
/// </summary>
internal sealed record WorkloadView(
    IReadOnlyList<(AgentEntry Entry, WorkloadSvid Svid, TrustBundle Bundle)> Svids, IReadOnlyList<TrustBundle> Own, IReadOnlyList<TrustBundle> Federated)
{
    /// <summary>The revocation lists of the trust domains in which it has entries, where there are any.</summary>
    public IReadOnlyList<CrlSet> Crls { get; init; } = [];

    /// <summary>Each trust domain's once.</summary>
    public IEnumerable<TrustBundle> Bundles => Own.Concat(Federated);

    /// <summary>The bundles of all trust domains but that of the first SVID: what a program that looks at the first one alone takes for foreign.</summary>
    public IEnumerable<TrustBundle> BesideFirst => Svids is [var first, ..] ? Bundles.Where(bundle => bundle.TrustDomain != first.Bundle.TrustDomain) : Bundles;

    /// <param name="snapshot">The whole.</param>
    /// <param name="entitled">What the workload has there; not empty.</param>
    public static WorkloadView Of(NodeSnapshot snapshot, IReadOnlyList<Entitlement> entitled)
    {
        var svids = entitled.SelectMany(part => part.Entries.Select(entry => (entry, part.Domain.Svids.GetValueOrDefault(entry.Id), part.Domain.OwnBundle!)))
            .Where(item => item.Item2 is not null).Select(item => (item.entry, item.Item2!, item.Item3)).ToList();
        var own = entitled.Select(part => part.Domain.OwnBundle!).ToList();

        // Nobody but its own control plane tells the roots of a trust domain that this agent is in; of others the first who tells is believed, and nothing is merged.
        var federated = entitled
            .SelectMany(part => part.Entries.SelectMany(entry => entry.FederatesWith).Select(name => part.Domain.Bundles.GetValueOrDefault(name))).OfType<TrustBundle>()
            .Select(told => snapshot.Find(told.TrustDomain.Name)?.OwnBundle ?? told)
            .DistinctBy(bundle => bundle.TrustDomain).Where(bundle => own.All(held => held.TrustDomain != bundle.TrustDomain))
            .OrderBy(bundle => bundle.TrustDomain.Name, StringComparer.Ordinal).ToList();
        return new WorkloadView(svids, own, federated) { Crls = [.. entitled.Select(part => part.Domain.Crls).OfType<CrlSet>().Where(crls => !crls.IsEmpty)] };
    }

    /// <summary>Whether it would say the same: the parts are the very same objects.</summary>
    public bool IsSameAs(WorkloadView? other, bool withSvids, bool withCrls) =>
        other is not null && Own.SequenceEqual(other.Own) && Federated.SequenceEqual(other.Federated) && (!withCrls || Crls.SequenceEqual(other.Crls))
        && (!withSvids || (Svids.Count == other.Svids.Count
            && Svids.Zip(other.Svids).All(pair => ReferenceEquals(pair.First.Svid, pair.Second.Svid) && pair.First.Entry.Hint == pair.Second.Entry.Hint)));
}
