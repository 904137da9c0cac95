namespace Orleans.Runtime;

/// <summary>A timer of one activation.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Sets new times. Within a callback they take effect when it ends.</summary>
    void Change(TimeSpan dueTime, TimeSpan period);
}
