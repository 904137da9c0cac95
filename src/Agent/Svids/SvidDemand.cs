namespace MeshGrains.Agent.Svids;

/// <summary>Entries that a workload waits for right now: their certificates are asked for before those that nobody has called for.</summary>
internal sealed class SvidDemand
{
    /// <summary>So many are remembered; the rest comes in its turn.</summary>
    public const int MostKept = 10_000;

    private readonly Lock _gate = new();
    private readonly HashSet<string> _wanted = new(StringComparer.Ordinal);

    public void Want(IEnumerable<string> entryIds)
    {
        lock (_gate)
        {
            foreach (var id in entryIds)
            {
                if (_wanted.Count >= MostKept)
                {
                    return;
                }

                _wanted.Add(id);
            }
        }
    }

    /// <summary>Gives all and forgets them: who still waits will say so at the next change.</summary>
    public IReadOnlySet<string> Take()
    {
        lock (_gate)
        {
            var taken = new HashSet<string>(_wanted, StringComparer.Ordinal);
            _wanted.Clear();
            return taken;
        }
    }
}
