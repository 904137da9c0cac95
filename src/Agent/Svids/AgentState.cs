using System.Collections.Immutable;
using MeshGrains.Agent.KeyStore;
using MeshGrains.Identity;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Svids;

/// <summary>Holds the snapshot that the agent serves from. Readers never lock; changes are applied one after another.</summary>
internal sealed class AgentState(TrustDomain trustDomain, TrustBundle bootstrap)
{
    private const int MaxReissueSeconds = 24 * 3600;

    private readonly Lock _gate = new();
    private AgentSnapshot _current = AgentSnapshot.Of(trustDomain, bootstrap);

    /// <summary>Raised after each change.</summary>
    public event Action? Changed;

    public TrustDomain TrustDomain => trustDomain;

    public AgentSnapshot Current => Volatile.Read(ref _current);

    /// <summary>Takes a pushed update. Entries that went take their SVIDs with them.</summary>
    /// <exception cref="FormatException">The control plane sent what is no bundle, no revocation list, or an identity of another trust domain.</exception>
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
            Bundles = Wanted(before.Bundles, update.Federated).SetItems(update.Bundles.Select(BundleOf)
                .Where(bundle => before.Bundles.GetValueOrDefault(bundle.TrustDomain.Name) is not { } known || bundle.Number > known.Number || known.Number == 0)
                .Select(bundle => KeyValuePair.Create(bundle.TrustDomain.Name, bundle))),
            TaintedAuthorities = before.TaintedAuthorities.SetEquals(update.TaintedAuthorityIds)
                ? before.TaintedAuthorities : [.. update.TaintedAuthorityIds],
            Reissues = ReissuesOf(before.Reissues, update.Reissues),
            DenialNumber = update.DenialNumber,
            Crls = CrlsOf(before.Crls, update.RevocationLists),
            IsSynced = before.IsSynced || !update.More,
        };
    });

    /// <summary>Takes a bundle on its own, if it is newer.</summary>
    public void TakeBundle(Bundle bundle)
    {
        var current = Current;
        var update = new AgentUpdate { Bundles = { bundle }, More = true, DenialNumber = current.DenialNumber, TaintedAuthorityIds = { current.TaintedAuthorities } };
        update.Reissues.AddRange(current.Reissues.Select(order => new Reissue { AuthorityIds = { order.Key }, OverSeconds = (int)order.Value.TotalSeconds }));
        Apply(update);
    }

    /// <summary>This agent may speak for nobody any more: entries, certificates and keys go. What the control plane sends later comes back; gives how many SVIDs went.</summary>
    public int Withdraw()
    {
        var gone = Current.Svids.Count;
        if (gone > 0 || !Current.Entries.Entries.IsEmpty)
        {
            Change(before => before with { Entries = EntrySet.Empty, Svids = before.Svids.Clear(), IsSynced = true });
        }

        return gone;
    }

    /// <summary>Puts back what was kept by an agent before this one; gives how many SVIDs it has of it, and how many had ended.</summary>
    /// <param name="saved">What was kept.</param>
    /// <param name="now">What has ended by then is left out.</param>
    /// <param name="bootstrapIsNewer">
    /// The configured roots were put there after the state was kept: an operator who put others means them, since the control plane may have begun anew.
    /// </param>
    public (int Svids, int Expired) Restore(SavedState saved, DateTimeOffset now, bool bootstrapIsNewer)
    {
        Change(before =>
        {
            var entries = before.Entries.Entries.ToBuilder();
            foreach (var entry in saved.Entries)
            {
                entries[entry.Id] = entry;
            }

            return before with
            {
                Entries = new EntrySet(entries.ToImmutable()),
                Svids = before.Svids.SetItems(saved.Svids
                    .Where(svid => svid.NotAfter > now && entries.TryGetValue(svid.EntryId, out var entry) && entry.SpiffeId == svid.SpiffeId)
                    .Select(svid => KeyValuePair.Create(svid.EntryId, svid))),
                Bundles = before.Bundles.SetItems(saved.Bundles
                    .Where(bundle => !(bootstrapIsNewer && bundle.TrustDomain == trustDomain && HasOtherRoots(before.OwnBundle!, bundle)))
                    .Select(bundle => KeyValuePair.Create(bundle.TrustDomain.Name, bundle))),
                TaintedAuthorities = [.. saved.TaintedAuthorities],
                DenialNumber = saved.DenialNumber,
                Crls = saved.Crls?.At(now) ?? before.Crls,
                IsSynced = true,
            };
        });
        return (Current.Svids.Count, saved.Svids.Count(svid => svid.NotAfter <= now));
    }

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

    /// <summary>Lets go of the revocation lists that have ended; gives how many.</summary>
    public int DropEndedCrls(DateTimeOffset now)
    {
        if (Current.Crls is not { FirstEnd: { } end } || end > now)
        {
            return 0;
        }

        var dropped = 0;
        Change(before =>
        {
            var standing = before.Crls?.At(now);
            dropped = (before.Crls?.Lists.Length - standing?.Lists.Length) ?? 0;
            return before with { Crls = standing };
        });
        return dropped;
    }

    /// <summary>The very same object while they are the same lists: a stream that begins tells all of them again.</summary>
    private CrlSet? CrlsOf(CrlSet? before, RevocationLists? told)
    {
        if (told is null)
        {
            return before;
        }

        return !CrlSet.TryRead(trustDomain, told, out var crls, out var problem) ? throw new FormatException($"The revocation lists cannot be used: {problem}")
            : before?.HasListsOf(crls) == true ? before : crls;
    }

    /// <summary>The very same object while nothing changed; of two orders for one authority the quicker one.</summary>
    private static ImmutableDictionary<string, TimeSpan> ReissuesOf(ImmutableDictionary<string, TimeSpan> before, IEnumerable<Reissue> told)
    {
        var next = told.SelectMany(order => order.AuthorityIds.Select(id => (Id: id, Over: Math.Clamp(order.OverSeconds, 0, MaxReissueSeconds))))
            .GroupBy(order => order.Id, order => order.Over, StringComparer.Ordinal)
            .ToImmutableDictionary(orders => orders.Key, orders => TimeSpan.FromSeconds(orders.Min()), StringComparer.Ordinal);
        return next.Count == before.Count && next.All(order => before.TryGetValue(order.Key, out var over) && over == order.Value) ? before : next;
    }

    /// <summary>What is named no more is withdrawn: a bundle that nobody answers for is not served on.</summary>
    private ImmutableDictionary<string, TrustBundle> Wanted(ImmutableDictionary<string, TrustBundle> bundles, FederatedDomains? federated) => federated is null
        ? bundles
        : bundles.RemoveRange(bundles.Keys.Where(name => name != trustDomain.Name && !federated.TrustDomains.Contains(name)));

    /// <summary>A control plane names identities of its own trust domain and of no other.</summary>
    private AgentEntry EntryOf(Entry entry) => !entry.SpiffeId.StartsWith($"{SpiffeId.SchemePrefix}{trustDomain.Name}/", StringComparison.Ordinal)
        ? throw new FormatException($"The entry '{entry.Id}' is for {entry.SpiffeId}, which is no identity of {trustDomain}.")
        : new AgentEntry(
            entry.Id, entry.SpiffeId, [.. entry.Selectors.Select(selector => $"{selector.Type}:{selector.Value}")], entry.Hint, [.. entry.FederatesWith],
            entry.CreatedAt, entry.Revision);

    private static bool HasOtherRoots(TrustBundle bundle, TrustBundle than) => bundle.Bundle.X509Authorities.Any(
        root => !than.Bundle.X509Authorities.Any(known => known.Der.Span.SequenceEqual(root.Der.Span)));

    private static TrustBundle BundleOf(Bundle bundle)
    {
        try
        {
            var roots = new SpiffeBundle(MeshGrains.Identity.TrustDomain.Parse(bundle.TrustDomain))
                .WithX509Authorities(bundle.X509Authorities.Select(der => der.Memory))
                .WithJwtAuthorities(bundle.JwtAuthorities.Select(key => new Identity.JwtAuthority(key.KeyId, key.PublicKey.Memory)))
                .WithSequence((ulong)bundle.Number);
            return new TrustBundle(roots, bundle.Number);
        }
        catch (ArgumentException malformed)
        {
            throw new FormatException($"The bundle of '{bundle.TrustDomain}' cannot be used: {malformed.Message}", malformed);
        }
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
        Changed?.Invoke();
    }
}
