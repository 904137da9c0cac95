using System.Collections.Concurrent;

namespace MeshGrains.Storage;

/// <summary>
/// Reads of what many callers ask for alike: those that come together share one request, and its answer serves for a moment after. What was read is
/// as old as the beginning of its read. A failure serves only those who waited for it.
/// </summary>
internal sealed class SharedReads<T>(TimeSpan age, TimeProvider time)
{
    private const int Capacity = 10_000;

    private readonly ConcurrentDictionary<string, Reading> _readings = new(StringComparer.Ordinal);

    /// <param name="key">What is read.</param>
    /// <param name="read">Bounded in time by itself: the caller who began it may be gone before it ends.</param>
    /// <param name="cancellationToken">Ends the waiting alone.</param>
    public async ValueTask<T> ReadAsync(string key, Func<Task<T>> read, CancellationToken cancellationToken)
    {
        if (!_readings.TryGetValue(key, out var reading) || !IsFresh(reading))
        {
            if (_readings.Count >= Capacity)
            {
                _readings.Clear();
            }

            var next = new Reading(time.GetTimestamp(), new Lazy<Task<T>>(read));
            reading = _readings.AddOrUpdate(key, next, (_, known) => IsFresh(known) ? known : next);
        }

        try
        {
            return await reading.Answer.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception) when (!reading.Answer.Value.IsCompletedSuccessfully && reading.Answer.Value.IsCompleted)
        {
            _readings.TryRemove(new KeyValuePair<string, Reading>(key, reading));
            throw;
        }
    }

    /// <summary>After a change: the next read begins anew.</summary>
    public void Forget(string key) => _readings.TryRemove(key, out _);

    private bool IsFresh(Reading reading) => time.GetElapsedTime(reading.Begun) < age;

    private sealed record Reading(long Begun, Lazy<Task<T>> Answer);
}
