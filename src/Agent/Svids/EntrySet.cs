using System.Collections.Frozen;
using System.Collections.Immutable;

namespace MeshGrains.Agent.Svids;

/// <summary>The agent's entries at one moment, findable by what a process is. Immutable.</summary>
internal sealed class EntrySet
{
    private readonly FrozenDictionary<string, AgentEntry[]> _byLead;

    public EntrySet(ImmutableDictionary<string, AgentEntry> entries)
    {
        Entries = entries;

        // An entry that fits has its lead selector among the process's, so only those need a look.
        _byLead = entries.Values.Where(entry => entry.Selectors.Length > 0)
            .GroupBy(entry => entry.Selectors.MaxBy(selector => selector.Length)!, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
    }

    public static EntrySet Empty { get; } = new(ImmutableDictionary.Create<string, AgentEntry>(StringComparer.Ordinal));

    public ImmutableDictionary<string, AgentEntry> Entries { get; }

    /// <summary>The entries all of whose selectors are among these, the oldest first; of several with one hint only the oldest. One without selectors fits nobody.</summary>
    public IReadOnlyList<AgentEntry> Match(IReadOnlySet<string> selectors)
    {
        var found = new List<AgentEntry>();
        foreach (var selector in selectors)
        {
            if (_byLead.TryGetValue(selector, out var candidates))
            {
                found.AddRange(candidates.Where(entry => entry.Selectors.All(selectors.Contains)));
            }
        }

        found.Sort(static (a, b) => a.CreatedAt != b.CreatedAt ? a.CreatedAt.CompareTo(b.CreatedAt) : string.CompareOrdinal(a.Id, b.Id));
        var hints = new HashSet<string>(StringComparer.Ordinal);
        found.RemoveAll(entry => entry.Hint.Length > 0 && !hints.Add(entry.Hint));
        return found;
    }
}
