namespace MeshGrains.Storage;

/// <summary>Lets the callers of one batch go on, away from the log's thread, which is at the next commit by then.</summary>
internal sealed class BatchCompletion(PendingAppend[] appends) : IThreadPoolWorkItem
{
    public static void Queue(ReadOnlySpan<PendingAppend> batch)
        => ThreadPool.UnsafeQueueUserWorkItem(new BatchCompletion(batch.ToArray()), preferLocal: false);

    public void Execute()
    {
        foreach (var append in appends)
        {
            append.Complete();
        }
    }
}
