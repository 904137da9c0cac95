using System.Collections.Concurrent;

namespace MeshGrains.Grains;

/// <summary>
/// Registrations found by key, for a short while and within a bound. When it is full an arbitrary tenth makes room: entries live for seconds,
/// so a finer order would cost more than the look-ups it saves.
/// </summary>
internal sealed class RegistrationCache<TKey>(int capacity, TimeSpan ttl, TimeProvider time)
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, (ResolvedRegistration Value, long Stored)> _items = new();
    private int _count;

    public ResolvedRegistration? Find(TKey key)
    {
        if (!_items.TryGetValue(key, out var item))
        {
            return null;
        }

        if (time.GetElapsedTime(item.Stored) < ttl)
        {
            return item.Value;
        }

        Remove(key);
        return null;
    }

    /// <param name="asked"><see cref="TimeProvider.GetTimestamp"/> from before the store was asked: an answer that waited, in a process that froze, is as old as that.</param>
    public void Store(TKey key, ResolvedRegistration value, long asked)
    {
        if (Volatile.Read(ref _count) >= capacity)
        {
            // Enumerated in place: the Keys property would lock and copy the whole table.
            foreach (var (old, _) in _items.Take((capacity / 10) + 1))
            {
                Remove(old);
            }
        }

        if (_items.TryAdd(key, (value, asked)))
        {
            Interlocked.Increment(ref _count);
        }
        else
        {
            _items[key] = (value, asked);
        }
    }

    private void Remove(TKey key)
    {
        if (_items.TryRemove(key, out _))
        {
            Interlocked.Decrement(ref _count);
        }
    }
}
