using System.Collections.Immutable;
using MeshGrains.Identity;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Svids;

/// <summary>Holds the snapshot that the agent serves from. Readers never lock; changes are applied one after another.</summary>
internal sealed class AgentState(TrustDomain trustDomain, TrustBundle bootstrap)
{
    private readonly Lock _gate = new();
    private AgentSnapshot _current = AgentSnapshot.Of(trustDomain, bootstrap);

    public AgentSnapshot Current => Volatile.Read(ref _current);

    /// <summary>Takes a pushed update. Entries that went take their SVIDs with them.</summary>
    /// <exception cref="FormatException">The control plane sent what is no bundle.</exception>
    public void Apply(AgentUpdate update) => Change(before =>
    {
        var entries = before.Entries.Entries;
        var svids = before.Svids;
        if (update.Entries.Count > 0 || update.RemovedEntryIds.Count > 0)
        {
            var edited = entries.ToBuilder();
            foreach (var id in update.RemovedEntryIds)
            {
                edited.Remove(id);
                svids = svids.Remove(id);
            }

            foreach (var entry in update.Entries.Select(EntryOf))
            {
                // Another life, other DNS names: whatever changed, the certificate is asked for anew.
                if (edited.TryGetValue(entry.Id, out var known) && known.Revision != entry.Revision && svids.TryGetValue(entry.Id, out var held))
                {
                    svids = known.SpiffeId == entry.SpiffeId ? svids.SetItem(entry.Id, held with { RenewAt = DateTimeOffset.MinValue }) : svids.Remove(entry.Id);
                }

                edited[entry.Id] = entry;
            }

            entries = edited.ToImmutable();
        }

        return before with
        {
            Entries = ReferenceEquals(entries, before.Entries.Entries) ? before.Entries : new EntrySet(entries),
            Svids = svids,
            Bundles = before.Bundles.SetItems(update.Bundles.Select(BundleOf)
                .Where(bundle => before.Bundles.GetValueOrDefault(bundle.TrustDomain.Name) is not { } known || bundle.Number > known.Number || known.Number == 0)
                .Select(bundle => KeyValuePair.Create(bundle.TrustDomain.Name, bundle))),
            TaintedAuthorities = before.TaintedAuthorities.SetEquals(update.TaintedAuthorityIds)
                ? before.TaintedAuthorities : [.. update.TaintedAuthorityIds],
            DenialNumber = update.DenialNumber,
            IsSynced = before.IsSynced || !update.More,
        };
    });

    /// <summary>Takes a bundle on its own, if it is newer.</summary>
    public void TakeBundle(Bundle bundle) => Apply(new AgentUpdate { Bundles = { bundle }, More = true, DenialNumber = Current.DenialNumber, TaintedAuthorityIds = { Current.TaintedAuthorities } });

    /// <summary>Takes certificates; those of entries that went meanwhile are let go.</summary>
    public void Put(IReadOnlyCollection<WorkloadSvid> svids)
    {
        if (svids.Count > 0)
        {
            Change(before => before with
            {
                Svids = before.Svids.SetItems(svids.Where(svid => before.Entries.Entries.TryGetValue(svid.EntryId, out var entry) && entry.SpiffeId == svid.SpiffeId)
                    .Select(svid => KeyValuePair.Create(svid.EntryId, svid))),
            });
        }
    }

    /// <summary>Lets go what has ended; gives how many.</summary>
    public int DropExpired(DateTimeOffset now)
    {
        var expired = Current.Svids.Values.Where(svid => svid.NotAfter <= now).Select(svid => svid.EntryId).ToList();
        if (expired.Count > 0)
        {
            Change(before => before with { Svids = before.Svids.RemoveRange(expired.Where(id => before.Svids.TryGetValue(id, out var svid) && svid.NotAfter <= now)) });
        }

        return expired.Count;
    }

    private static AgentEntry EntryOf(Entry entry) => new(
        entry.Id, entry.SpiffeId, [.. entry.Selectors.Select(selector => $"{selector.Type}:{selector.Value}")], entry.Hint, [.. entry.FederatesWith],
        entry.CreatedAt, entry.Revision);

    private static TrustBundle BundleOf(Bundle bundle)
    {
        var roots = new SpiffeBundle(Identity.TrustDomain.Parse(bundle.TrustDomain))
            .WithX509Authorities(bundle.X509Authorities.Select(der => der.Memory)).WithSequence((ulong)bundle.Number);
        return new TrustBundle(roots, bundle.Number);
    }

    private void Change(Func<AgentSnapshot, AgentSnapshot> change)
    {
        AgentSnapshot before;
        lock (_gate)
        {
            before = _current;
            Volatile.Write(ref _current, change(before));
        }

        before.Supersede();
    }
}
