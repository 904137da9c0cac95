namespace MeshGrains.Bench;

/// <summary>Which roots the newest bundle held, from when to when. What is older than the newest one that was seen says nothing.</summary>
internal sealed class RootTimeline
{
    private readonly Lock _gate = new();
    private readonly List<(DateTimeOffset From, ulong Number, HashSet<string> Roots)> _bundles = [];

    /// <summary>Different bundles so far.</summary>
    public int Bundles
    {
        get
        {
            lock (_gate)
            {
                return _bundles.Count;
            }
        }
    }

    /// <summary>True when it is newer than any before.</summary>
    public bool See(DateTimeOffset at, ulong number, IEnumerable<string> roots)
    {
        lock (_gate)
        {
            if (_bundles.Count > 0 && number <= _bundles[^1].Number)
            {
                return false;
            }

            _bundles.Add((at, number, roots.ToHashSet(StringComparer.Ordinal)));
            return true;
        }
    }

    /// <summary>Whether every bundle that was the newest at some moment of this time held the root.</summary>
    public bool Held(string root, DateTimeOffset from, DateTimeOffset to)
    {
        lock (_gate)
        {
            for (var i = 0; i < _bundles.Count; i++)
            {
                var until = i + 1 < _bundles.Count ? _bundles[i + 1].From : DateTimeOffset.MaxValue;
                if (_bundles[i].From <= to && until > from && !_bundles[i].Roots.Contains(root))
                {
                    return false;
                }
            }

            return _bundles.Count > 0;
        }
    }
}
