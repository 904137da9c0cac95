namespace MeshGrains.Storage;

/// <summary>Something rare for the log's thread to do between batches, and its outcome.</summary>
internal sealed class LogCommand(Action<LogStore> work)
{
    private readonly TaskCompletionSource _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Outcome => _outcome.Task;

    public void Run(LogStore store)
    {
        work(store);
        _outcome.SetResult();
    }

    public void Fail(Exception failure) => _outcome.TrySetException(failure);
}
