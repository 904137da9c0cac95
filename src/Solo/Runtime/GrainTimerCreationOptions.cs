using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>How a grain timer runs. An infinite due time never starts it; an infinite period makes it tick once.</summary>
public readonly struct GrainTimerCreationOptions()
{
    [SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        : this()
    {
        DueTime = dueTime;
        Period = period;
    }

    public required TimeSpan DueTime { get; init; }

    /// <summary>Counted from the end of one callback to the start of the next.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Whether callbacks start while requests run.</summary>
    public bool Interleave { get; init; }

    /// <summary>Whether a callback counts as use, so that an idle activation stays.</summary>
    public bool KeepAlive { get; init; }
}
