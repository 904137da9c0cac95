using System.Collections.Frozen;
using System.Collections.Immutable;

namespace MeshGrains.Agent.Svids;

/// <summary>The agent's entries at one moment, findable by what a process is. Immutable.</summary>
internal sealed class EntrySet
{
    // Made when it is first asked: while thousands of entries come in, each update makes a set that the next one replaces.
    private readonly Lazy<FrozenDictionary<string, AgentEntry[]>> _byLead;

    public EntrySet(ImmutableDictionary<string, AgentEntry> entries)
    {
        Entries = entries;
        _byLead = new Lazy<FrozenDictionary<string, AgentEntry[]>>(() => Index(entries.Values));
    }

    public static EntrySet Empty { get; } = new(ImmutableDictionary.Create<string, AgentEntry>(StringComparer.Ordinal));

    public ImmutableDictionary<string, AgentEntry> Entries { get; }

    /// <summary>The most entries that a match looks at for one of a process's selectors.</summary>
    internal int LargestGroup => _byLead.Value.Values.Select(group => group.Length).DefaultIfEmpty(0).Max();

    /// <summary>The entries all of whose selectors are among these, the oldest first; of several with one hint only the oldest. One without selectors fits nobody.</summary>
    public IReadOnlyList<AgentEntry> Match(IReadOnlySet<string> selectors)
    {
        var found = new List<AgentEntry>();
        foreach (var selector in selectors)
        {
            if (_byLead.Value.TryGetValue(selector, out var candidates))
            {
                found.AddRange(candidates.Where(entry => entry.Selectors.All(selectors.Contains)));
            }
        }

        found.Sort(static (a, b) => a.CreatedAt != b.CreatedAt ? a.CreatedAt.CompareTo(b.CreatedAt) : string.CompareOrdinal(a.Id, b.Id));
        var hints = new HashSet<string>(StringComparer.Ordinal);
        found.RemoveAll(entry => entry.Hint.Length > 0 && !hints.Add(entry.Hint));
        return found;
    }

    /// <summary>
    /// An entry that fits has its lead selector among the process's, so only those need a look. The lead is the one that fewest entries have: what all share, such as a
    /// user or a namespace, would put all of them in one place.
    /// </summary>
    private static FrozenDictionary<string, AgentEntry[]> Index(IEnumerable<AgentEntry> entries)
    {
        var uses = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var selector in entries.SelectMany(entry => entry.Selectors))
        {
            uses[selector] = uses.GetValueOrDefault(selector) + 1;
        }

        return entries.Where(entry => entry.Selectors.Length > 0)
            .GroupBy(entry => entry.Selectors.MinBy(selector => uses[selector])!, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
    }
}
