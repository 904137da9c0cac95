namespace MeshGrains.Keys;

/// <summary>
/// A token bucket over the calls a process makes to its KMS. KMS calls grow with CA rotations, never with workloads; a bug that breaks this
/// is stopped here before it throttles the vault for everybody else.
/// </summary>
public sealed class CallBudget
{
    public const int DefaultBurst = 120;
    public const double DefaultPerSecond = 4;

    private readonly Lock gate = new();
    private readonly int burst;
    private readonly double perSecond;
    private readonly TimeProvider time;
    private double tokens;
    private long filledAt;

    public CallBudget(int burst, double perSecond, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(burst, 1);
        if (!(perSecond > 0) || double.IsInfinity(perSecond))
        {
            throw new ArgumentOutOfRangeException(nameof(perSecond), "Calls a second have to be above zero.");
        }

        this.burst = burst;
        this.perSecond = perSecond;
        this.time = time;
        tokens = burst;
        filledAt = time.GetTimestamp();
    }

    /// <summary>Takes one call, or says after what time there is one again.</summary>
    internal bool TryTake(out TimeSpan retryAfter)
    {
        lock (gate)
        {
            var now = time.GetTimestamp();
            tokens = Math.Min(burst, tokens + (time.GetElapsedTime(filledAt, now).TotalSeconds * perSecond));
            filledAt = now;
            if (tokens >= 1)
            {
                tokens--;
                retryAfter = TimeSpan.Zero;
                return true;
            }

            retryAfter = TimeSpan.FromSeconds((1 - tokens) / perSecond);
            return false;
        }
    }
}
