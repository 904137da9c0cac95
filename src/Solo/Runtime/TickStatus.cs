namespace Orleans.Runtime;

/// <summary>When a reminder ticks: its first tick, its period and this tick, all UTC. Missed ticks are not made up for.</summary>
public readonly struct TickStatus(DateTime firstTickTime, TimeSpan period, DateTime timeStamp)
{
    public DateTime FirstTickTime { get; } = firstTickTime;

    public TimeSpan Period { get; } = period;

    public DateTime CurrentTickTime { get; } = timeStamp;

    public override string ToString() => $"{CurrentTickTime:O}, every {Period} from {FirstTickTime:O}";
}
