using Orleans.Storage;

namespace MeshGrains.Grains;

/// <summary>
/// A grain's one stored record, written by compare-and-swap. <see cref="Committed"/> is what the store is known to hold, so that readers never
/// see a write in flight. After a failed write the record is read again: an operation id of ours in it means that only the reply was lost.
/// Where even that reading fails, nothing is known; <see cref="SettleAsync"/> reads before the next decision is made.
/// </summary>
internal sealed class GrainRecord<T>(IPersistentState<T> persistent, Func<T, string?> operationIdOf)
    where T : class
{
    private bool _unknown;

    /// <summary>The state as last read from or acknowledged by the store.</summary>
    public T Committed { get; private set; } = persistent.State;

    /// <summary>Finds out what an earlier write left, where that could not be told at the time. Decisions start here.</summary>
    /// <exception cref="GrainOperationException">The store cannot be read.</exception>
    public async ValueTask SettleAsync()
    {
        if (_unknown)
        {
            await ReadAgainAsync();
        }
    }

    /// <summary>Reads what the store holds now: another activation may have written. Never while a write is on its way.</summary>
    /// <exception cref="GrainOperationException">The store cannot be read.</exception>
    public Task RefreshAsync() => ReadAgainAsync();

    /// <summary>
    /// Writes <paramref name="next"/>. When it returns, <see cref="Committed"/> carries the operation id of <paramref name="next"/>, but it may be
    /// what an earlier attempt of that operation wrote: whoever goes on takes the facts from there.
    /// </summary>
    /// <exception cref="RecordConflictException">Another writer was first; <see cref="Committed"/> now holds its state.</exception>
    /// <exception cref="GrainOperationException">The store failed; whether the write arrived is found out by <see cref="SettleAsync"/>.</exception>
    public async Task CommitAsync(T next)
    {
        persistent.State = next;
        try
        {
            await persistent.WriteStateAsync();
            Committed = next;
        }
        catch (Exception failure)
        {
            persistent.State = Committed;
            _unknown = true;
            await ReadAgainAsync();
            if (operationIdOf(next) is { } ours && operationIdOf(Committed) == ours)
            {
                return;
            }

            throw failure is InconsistentStateException
                ? new RecordConflictException(typeof(T).Name, "another writer was first; the state was read again.")
                : StoreFailures.Of(failure);
        }
    }

    private async Task ReadAgainAsync()
    {
        try
        {
            await persistent.ReadStateAsync();
        }
        catch (Exception failure)
        {
            persistent.State = Committed;
            throw StoreFailures.Of(failure);
        }

        Committed = persistent.State;
        _unknown = false;
    }
}
