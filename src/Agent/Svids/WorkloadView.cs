namespace MeshGrains.Agent.Svids;

/// <summary>What one workload gets out of a snapshot: its SVIDs in order, its own bundle, those of the trust domains that its entries federate with.</summary>
internal sealed record WorkloadView(IReadOnlyList<(AgentEntry Entry, WorkloadSvid Svid)> Svids, TrustBundle Own, IReadOnlyList<TrustBundle> Federated)
{
    public static WorkloadView Of(AgentSnapshot snapshot, IReadOnlyList<AgentEntry> entries)
    {
        var svids = entries.Select(entry => (entry, snapshot.Svids.GetValueOrDefault(entry.Id))).Where(item => item.Item2 is not null)
            .Select(item => (item.entry, item.Item2!)).ToList();
        var federated = entries.SelectMany(entry => entry.FederatesWith).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Where(name => name != snapshot.TrustDomain.Name).Select(name => snapshot.Bundles.GetValueOrDefault(name)).OfType<TrustBundle>().ToList();
        return new WorkloadView(svids, snapshot.OwnBundle!, federated);
    }

    /// <summary>Whether it would say the same: the parts are the very same objects.</summary>
    public bool IsSameAs(WorkloadView? other, bool withSvids) =>
        other is not null && ReferenceEquals(Own, other.Own) && Federated.SequenceEqual(other.Federated)
        && (!withSvids || (Svids.Count == other.Svids.Count
            && Svids.Zip(other.Svids).All(pair => ReferenceEquals(pair.First.Svid, pair.Second.Svid) && pair.First.Entry.Hint == pair.Second.Entry.Hint)));
}
