namespace MeshGrains.Gateway;

/// <summary>
/// Entries by key, sharded, bounded: a new key takes the place of the entry idle longest in its shard. Keys come from strangers, so shards and
/// buckets are chosen by a hash with a secret seed.
/// </summary>
internal sealed class BoundedTable<TKey, TEntry>
    where TKey : notnull
    where TEntry : TableEntry<TKey, TEntry>, new()
{
    private const int MaxShards = 64;

    /// <summary>Entries in use that are passed over before a shard grows by one; what is in use is bounded elsewhere.</summary>
    private const int Probes = 4;

    private readonly Shard[] _shards;
    private readonly IEqualityComparer<TKey> _comparer;

    public BoundedTable(int capacity, IEqualityComparer<TKey> comparer)
    {
        var shards = 1;
        while (shards < MaxShards && shards * 16 <= capacity)
        {
            shards *= 2;
        }

        _comparer = comparer;
        _shards = new Shard[shards];
        for (var i = 0; i < shards; i++)
        {
            _shards[i] = new Shard(Math.Max(1, capacity / shards), comparer);
        }
    }

    public int Count => _shards.Sum(shard => shard.Count);

    /// <summary>The key's entry, locked until the result is disposed; nothing may be awaited before that.</summary>
    public Held Hold(TKey key) => new(_shards[(uint)_comparer.GetHashCode(key) % (uint)_shards.Length], key);

    public readonly ref struct Held
    {
        private readonly Shard _shard;

        internal Held(Shard shard, TKey key)
        {
            _shard = shard;
            shard.Gate.Enter();
            Entry = shard.GetOrAdd(key);
        }

        public TEntry Entry { get; }

        public void Dispose() => _shard.Gate.Exit();
    }

    internal sealed class Shard(int capacity, IEqualityComparer<TKey> comparer)
    {
        private readonly Dictionary<TKey, TEntry> _entries = new(comparer);
        private TEntry? _newest;
        private TEntry? _oldest;

        public Lock Gate { get; } = new();

        public int Count
        {
            get
            {
                lock (Gate)
                {
                    return _entries.Count;
                }
            }
        }

        public TEntry GetOrAdd(TKey key)
        {
            if (_entries.TryGetValue(key, out var entry))
            {
                if (!ReferenceEquals(entry, _newest))
                {
                    Unlink(entry);
                    Link(entry);
                }

                return entry;
            }

            if (_entries.Count >= capacity)
            {
                Forget();
            }

            entry = new TEntry { Key = key };
            _entries.Add(key, entry);
            Link(entry);
            return entry;
        }

        private void Forget()
        {
            for (var probe = 0; probe < Probes && _oldest is { } oldest; probe++)
            {
                Unlink(oldest);
                if (!oldest.InUse)
                {
                    _entries.Remove(oldest.Key);

                    // One more when the shard had to grow, until it is back at its size.
                    if (_entries.Count < capacity)
                    {
                        return;
                    }
                }
                else
                {
                    Link(oldest);
                }
            }
        }

        private void Link(TEntry entry)
        {
            entry.Older = _newest;
            entry.Newer = null;
            if (_newest is not null)
            {
                _newest.Newer = entry;
            }

            _newest = entry;
            _oldest ??= entry;
        }

        private void Unlink(TEntry entry)
        {
            if (entry.Newer is { } newer)
            {
                newer.Older = entry.Older;
            }
            else
            {
                _newest = entry.Older;
            }

            if (entry.Older is { } older)
            {
                older.Newer = entry.Newer;
            }
            else
            {
                _oldest = entry.Newer;
            }

            entry.Newer = entry.Older = null;
        }
    }
}
