namespace MeshGrains.Storage;

/// <summary>
/// Index entries of consecutive positions, in memory until the index file has them. Written by the log's thread; read by anyone through a
/// snapshot.
/// </summary>
internal sealed class RecentEntries(long firstPosition)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, int> _bySerial = [];
    private LogEntry[] _entries = new LogEntry[256];
    private int _count;

    public long FirstPosition => firstPosition;

    public int Count => Volatile.Read(ref _count);

    /// <summary>False when the serial is here already. What is claimed and then not added must be forgotten with all the rest.</summary>
    public bool TryClaim(long serialHash)
    {
        lock (_gate)
        {
            return _bySerial.TryAdd(serialHash, int.MaxValue);
        }
    }

    public bool Knows(long serialHash)
    {
        lock (_gate)
        {
            return _bySerial.ContainsKey(serialHash);
        }
    }

    /// <summary>Adds entries that were claimed, in the order of their positions; from here on they are found.</summary>
    public void Add(ReadOnlySpan<LogEntry> entries)
    {
        lock (_gate)
        {
            if (_entries.Length - _count < entries.Length)
            {
                Array.Resize(ref _entries, Math.Max(_entries.Length * 2, _count + entries.Length));
            }

            entries.CopyTo(_entries.AsSpan(_count));
            foreach (var entry in entries)
            {
                _bySerial[entry.SerialHash] = _count++;
            }
        }
    }

    public long? FindSerial(long serialHash)
    {
        lock (_gate)
        {
            return _bySerial.TryGetValue(serialHash, out var offset) && offset < _count ? firstPosition + offset : null;
        }
    }

    /// <summary>The entries up to now; what is added later does not show in it.</summary>
    public ReadOnlyMemory<LogEntry> Snapshot()
    {
        lock (_gate)
        {
            return _entries.AsMemory(0, _count);
        }
    }
}
