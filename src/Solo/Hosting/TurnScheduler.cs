namespace Orleans.Solo;

/// <summary>
/// Runs the tasks of one activation one at a time, and, being the current scheduler while they run, their continuations too.
/// </summary>
internal sealed class TurnScheduler(Activation owner) : TaskScheduler, IThreadPoolWorkItem
{
    private const long QuantumMilliseconds = 100;
    private readonly Queue<Task> _tasks = new();
    private bool _draining;

    public void Post(Action<object?> turn, object? state)
    {
        Flow.Without(() => new Task(turn, state)).Start(this);
    }

    void IThreadPoolWorkItem.Execute()
    {
        var outer = RuntimeContext.Current;
        var end = Environment.TickCount64 + QuantumMilliseconds;
        RuntimeContext.Current = owner;
        try
        {
            do
            {
                Task? task;
                lock (_tasks)
                {
                    if (!_tasks.TryDequeue(out task))
                    {
                        _draining = false;
                        return;
                    }
                }

                TryExecuteTask(task);
            }
            while (Environment.TickCount64 < end);
        }
        finally
        {
            RuntimeContext.Current = outer;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    protected override void QueueTask(Task task)
    {
        lock (_tasks)
        {
            _tasks.Enqueue(task);
            if (_draining)
            {
                return;
            }

            _draining = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && RuntimeContext.Current == owner && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_tasks)
        {
            return [.. _tasks];
        }
    }
}
