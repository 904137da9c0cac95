using MeshGrains.Gateway.Federation;
using MeshGrains.Grains;
using Wire = MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Agents;

/// <summary>
/// What one agent holds, as far as was sent on its stream, and what it lacks. A message holds at most <see cref="EntriesPerMessage"/> entries, so that
/// none comes near the limit of a message.
/// </summary>
internal sealed class AgentDelta
{
    public const int EntriesPerMessage = 500;

    private const int ForeignBytesPerMessage = 1024 * 1024;

    private readonly FederatedDelta _federated = new();
    private readonly Dictionary<string, long> _held = new(StringComparer.Ordinal);
    private long _number;
    private long _bundle = -1;
    private long _denials = -1;
    private IReadOnlyList<string> _tainted = [];
    private IReadOnlyList<ReissueOrder> _reissues = [];
    private Wire.RevocationLists? _lists;
    private bool _sent;

    /// <param name="held">What the agent says that it holds: nothing of it is believed but that it need not be sent again.</param>
    public AgentDelta(IEnumerable<Wire.HeldEntry> held)
    {
        foreach (var entry in held)
        {
            _held[entry.Id] = entry.Revision;
        }
    }

    /// <summary>The updates that bring the agent from what it holds to this; none when it holds all of it. The first call always gives one.</summary>
    public IReadOnlyList<Wire.AgentUpdate> Next(
        IReadOnlyList<RegistrationEntry> entries, IssuerSnapshot? issuer, long denialNumber, IReadOnlyList<string> taintedAuthorities,
        IReadOnlyList<ReissueOrder>? reissueOrders = null, IFederatedTrust? federatedTrust = null, Wire.RevocationLists? revocationLists = null)
    {
        var reissues = reissueOrders ?? [];
        var present = entries.Select(entry => entry.Id).ToHashSet(StringComparer.Ordinal);
        var removed = _held.Keys.Where(id => !present.Contains(id)).ToList();
        var changed = entries.Where(entry => !_held.TryGetValue(entry.Id, out var revision) || revision != entry.Revision).ToList();
        var bundle = issuer is not null && issuer.BundleNumber != _bundle ? AgentMessages.Bundle(issuer) : null;
        var federated = _federated.Next(entries, federatedTrust);
        var lists = ReferenceEquals(revocationLists, _lists) ? null : revocationLists;
        if (_sent && removed.Count == 0 && changed.Count == 0 && bundle is null && federated is null && denialNumber == _denials && Same(_tainted, taintedAuthorities)
            && Same(_reissues, reissues) && lists is null)
        {
            return [];
        }

        var updates = new List<Wire.AgentUpdate>();
        var chunks = changed.Chunk(EntriesPerMessage).DefaultIfEmpty([]).ToList();
        foreach (var chunk in chunks)
        {
            var update = new Wire.AgentUpdate { Number = ++_number, DenialNumber = denialNumber, More = updates.Count + 1 < chunks.Count };
            update.Entries.AddRange(chunk.Select(AgentMessages.Entry));
            update.TaintedAuthorityIds.AddRange(taintedAuthorities);
            update.Reissues.AddRange(AgentMessages.Reissues(reissues));
            updates.Add(update);
        }

        updates[0].RemovedEntryIds.AddRange(removed);
        if (bundle is not null)
        {
            updates[0].Bundles.Add(bundle);
            _bundle = bundle.Number;
        }

        if (lists is not null)
        {
            updates[0].RevocationLists = _lists = lists;
        }

        if (federated is { } foreign)
        {
            updates[0].Federated = foreign.Domains;
            AddForeign(updates, foreign.Bundles);
        }

        removed.ForEach(id => _held.Remove(id));
        changed.ForEach(entry => _held[entry.Id] = entry.Revision);
        (_denials, _tainted, _reissues, _sent) = (denialNumber, taintedAuthorities, reissues, true);
        return updates;
    }

    /// <summary>Foreign bundles may be long: as many updates as it takes.</summary>
    private void AddForeign(List<Wire.AgentUpdate> updates, IReadOnlyList<Wire.Bundle> bundles)
    {
        var (index, bytes) = (0, updates[0].RevocationLists?.CalculateSize() ?? 0);
        foreach (var bundle in bundles)
        {
            if (bytes > ForeignBytesPerMessage)
            {
                (index, bytes) = (index + 1, 0);
                if (index == updates.Count)
                {
                    updates[^1].More = true;
                    var last = updates[^1].Clone();
                    last.Entries.Clear();
                    last.RemovedEntryIds.Clear();
                    last.Bundles.Clear();
                    (last.Federated, last.RevocationLists, last.Number, last.More) = (null, null, ++_number, false);
                    updates.Add(last);
                }
            }

            updates[index].Bundles.Add(bundle);
            bytes += bundle.CalculateSize();
        }
    }

    /// <summary>Mostly the one list that all agents share.</summary>
    private static bool Same<T>(IReadOnlyList<T> before, IReadOnlyList<T> now) => ReferenceEquals(before, now) || before.SequenceEqual(now);
}
