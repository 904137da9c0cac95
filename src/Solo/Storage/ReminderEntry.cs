using Orleans.Runtime;

namespace Orleans;

/// <summary>One stored reminder.</summary>
public sealed class ReminderEntry
{
    public GrainId GrainId { get; set; }

    public string ReminderName { get; set; } = null!;

    /// <summary>UTC. Ticks fall on this instant and on whole periods after it.</summary>
    public DateTime StartAt { get; set; }

    public TimeSpan Period { get; set; }

    public string? ETag { get; set; }

    public override string ToString() => $"{GrainId} {ReminderName} from {StartAt:O} every {Period}";
}
