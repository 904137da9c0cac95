namespace Orleans.Solo;

/// <summary>One message to a grain or an observer, and the promise of its answer.</summary>
internal abstract class Request
{
    private ITimer? _timeout;
    private Action? _completed;

    public abstract string Name { get; }

    public abstract bool IsCompleted { get; }

    /// <summary>What the caller gets at once: a task of the method's own return type, or null.</summary>
    public virtual object? Answer => null;

    public virtual bool IsOneWay => false;

    public virtual bool IsReadOnly => false;

    public abstract bool AlwaysInterleaves { get; }

    /// <summary>A message of an activation to itself: it dies with it.</summary>
    public virtual bool IsLocal => false;

    /// <summary>Whether it counts as use of the activation.</summary>
    public virtual bool KeepsAlive => true;

    /// <summary>Runs the method. Exceptions come out; the answer is published by the request itself.</summary>
    public abstract Task RunAsync(object target, TurnScheduler? turns);

    public abstract void Fail(Exception exception);

    public void Start(TimeProvider clock, TimeSpan timeout, Action completed)
    {
        _completed = completed;
        if (timeout != Timeout.InfiniteTimeSpan)
        {
            _timeout = Flow.Without(() => clock.CreateTimer(
                _ => Fail(new TimeoutException($"{Name} was not answered within {timeout}. It may still run, or have run.")),
                null, timeout, Timeout.InfiniteTimeSpan));
        }

        // Its caller may have cancelled it before there was anybody to tell.
        if (IsCompleted)
        {
            Completed();
        }
    }

    protected void Completed()
    {
        _timeout?.Dispose();
        Interlocked.Exchange(ref _completed, null)?.Invoke();
    }
}
