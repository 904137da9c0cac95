namespace MeshGrains.Storage;

/// <summary>
/// What this process knows of a shard's segments: ranges of those that are closed for good, and the lowest number that may still be open. Both
/// only grow.
/// </summary>
internal sealed class ShardCatalog(string trustDomain, string issuer)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, SegmentRange> _closed = [];
    private SegmentTable? _table;
    private bool _ended;

    public string TrustDomain => trustDomain;

    public string Issuer => issuer;

    /// <summary>The shard was sealed and its end was read.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_gate)
            {
                return _ended;
            }
        }
    }

    public bool IsListed { get; set; }

    public void Close(int number, SegmentRange range, bool ended)
    {
        lock (_gate)
        {
            if (!_closed.TryGetValue(number, out var before) || before != range)
            {
                _closed[number] = range;
                _table = null;
            }

            _ended |= ended;
        }
    }

    public bool IsClosed(int number)
    {
        lock (_gate)
        {
            return _closed.ContainsKey(number);
        }
    }

    /// <summary>What is closed now.</summary>
    public SegmentTable Closed()
    {
        lock (_gate)
        {
            return _table ??= new SegmentTable([.. _closed.Select(pair => (new LogSegment(trustDomain, issuer, pair.Key), pair.Value))]);
        }
    }

    /// <summary>The segment after the newest closed one; null when the shard has ended.</summary>
    public LogSegment? Open()
    {
        lock (_gate)
        {
            return _ended ? null : new LogSegment(trustDomain, issuer, Closed().Newest + 1);
        }
    }
}
