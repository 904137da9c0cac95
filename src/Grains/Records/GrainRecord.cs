using Orleans.Storage;

namespace MeshGrains.Grains;

/// <summary>
/// A grain's one stored record, written by compare-and-swap. <see cref="Committed"/> is what the store is known to hold, so that readers never
/// see a write in flight. After a failed write the record is read again: an operation id of ours in it means that only the reply was lost.
/// </summary>
internal sealed class GrainRecord<T>(IPersistentState<T> persistent, Func<T, string?> operationIdOf)
    where T : class
{
    /// <summary>The state as last read from or acknowledged by the store.</summary>
    public T Committed { get; private set; } = persistent.State;

    /// <exception cref="RecordConflictException">Another writer was first; <see cref="Committed"/> now holds its state.</exception>
    public async Task CommitAsync(T next)
    {
        persistent.State = next;
        try
        {
            await persistent.WriteStateAsync();
            Committed = next;
        }
        catch (Exception failure) when (failure is not RecordTamperedException)
        {
            persistent.State = Committed;
            await persistent.ReadStateAsync();
            Committed = persistent.State;
            if (operationIdOf(next) is { } ours && operationIdOf(Committed) == ours)
            {
                return;
            }

            if (failure is InconsistentStateException)
            {
                throw new RecordConflictException(typeof(T).Name, "another writer was first; the state was read again.");
            }

            throw;
        }
    }
}
