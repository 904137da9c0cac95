using System.Collections.Concurrent;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// The bounded queue between the callers and the log's one thread, with the appends that are used again. The thread takes all that waits. When the commit before carried more than one
/// record, callers come together, and waiting a moment for the rest of them makes fewer and larger commits; a lone caller is never made to wait.
/// </summary>
internal sealed class AppendQueue(int capacity, int batchLimit, TimeSpan gatherWindow, int pooled)
{
    private readonly ConcurrentQueue<PendingAppend> _pool = new();
    private readonly object _gate = new();
    private readonly PendingAppend[] _ring = new PendingAppend[capacity];
    private int _head;
    private int _count;
    private int _wakeAt = 1;
    private int _lastBatch;
    private bool _wake;
    private bool _closed;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Encodes a record and lets it wait for the log's thread, which decides on the outcome.</summary>
    /// <exception cref="ArgumentException">A field of the record is outside its bounds.</exception>
    /// <exception cref="IssuanceLogUnavailableException">As the outcome: the queue is full or closed.</exception>
    public ValueTask AddAsync(IssuanceRecord record)
    {
        var append = _pool.TryDequeue(out var used) ? used : new PendingAppend(Return);
        try
        {
            append.Fill(record);
        }
        catch
        {
            append.Recycle();
            throw;
        }

        var outcome = append.Outcome;
        if (TryAdd(append))
        {
            return outcome;
        }

        append.Recycle();
        return ValueTask.FromException(new IssuanceLogUnavailableException(
            $"{Count} records wait for the issuance log, which takes no more than {capacity}, or it is closing."));
    }

    private void Return(PendingAppend append)
    {
        if (_pool.Count < pooled)
        {
            _pool.Enqueue(append);
        }
    }

    private bool TryAdd(PendingAppend append)
    {
        lock (_gate)
        {
            if (_closed || _count == capacity)
            {
                return false;
            }

            _ring[(_head + _count) % capacity] = append;
            if (++_count >= _wakeAt)
            {
                _wakeAt = int.MaxValue;
                Monitor.Pulse(_gate);
            }

            return true;
        }
    }

    /// <summary>Waits for appends, or for <see cref="Wake"/> or <see cref="Close"/>. Called by the log's thread alone.</summary>
    /// <returns>How many were taken; 0 when woken for something else; -1 when closed and empty.</returns>
    public int Take(PendingAppend[] batch)
    {
        lock (_gate)
        {
            while (_count == 0 && !_wake && !_closed)
            {
                _wakeAt = 1;
                Monitor.Wait(_gate);
            }

            if (_lastBatch > 1 && _count < _lastBatch && !_closed && gatherWindow > TimeSpan.Zero)
            {
                _wakeAt = Math.Min(_lastBatch, batchLimit);
                Monitor.Wait(_gate, gatherWindow);
            }

            _wakeAt = int.MaxValue;
            _wake = false;
            var taken = Math.Min(Math.Min(_count, batchLimit), batch.Length);
            for (var i = 0; i < taken; i++)
            {
                batch[i] = _ring[_head];
                _ring[_head] = null!;
                _head = (_head + 1) % capacity;
            }

            _count -= taken;
            _lastBatch = taken;
            return taken == 0 && _closed ? -1 : taken;
        }
    }

    public void Wake()
    {
        lock (_gate)
        {
            _wake = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Takes nothing more in; what waits is still written.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.Pulse(_gate);
        }
    }
}
