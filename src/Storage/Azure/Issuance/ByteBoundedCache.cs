using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Storage;

/// <summary>Keeps what was used last, within a number of bytes. What is larger than all of it is not kept.</summary>
internal sealed class ByteBoundedCache<T>(long capacity)
    where T : class
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _order = [];
    private long _bytes;

    public bool TryGet(string key, [NotNullWhen(true)] out T? value)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(key, out var node))
            {
                value = null;
                return false;
            }

            _order.Remove(node);
            _order.AddFirst(node);
            value = node.Value.Value;
            return true;
        }
    }

    public T GetOrAdd(string key, Func<T> make)
    {
        lock (_gate)
        {
            if (TryGet(key, out var value))
            {
                return value;
            }

            value = make();
            _entries.Add(key, _order.AddFirst(new Entry(key, value)));
            return value;
        }
    }

    /// <summary>Tells what an entry takes now, and drops those used longest ago until all fits.</summary>
    public void SetCost(string key, long cost)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(key, out var node))
            {
                return;
            }

            _bytes += cost - node.Value.Cost;
            node.Value.Cost = cost;
            while (_bytes > capacity && _order.Last is { } last)
            {
                Remove(last);
            }
        }
    }

    public void Remove(string key)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(key, out var node))
            {
                Remove(node);
            }
        }
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        _order.Remove(node);
        _entries.Remove(node.Value.Key);
        _bytes -= node.Value.Cost;
    }

    private sealed class Entry(string key, T value)
    {
        public string Key => key;

        public T Value => value;

        public long Cost { get; set; }
    }
}
