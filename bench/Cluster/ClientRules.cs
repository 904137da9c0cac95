namespace MeshGrains.Bench;

/// <summary>How clients of a drill ask.</summary>
/// <param name="Clients">How many, each a caller of its own on one kept connection.</param>
/// <param name="Attempts">For one certificate.</param>
/// <param name="Patience">For all attempts of one certificate together: one deadline over them all, and none for a single attempt, as gRPC clients have it.</param>
/// <param name="Pause">Between two certificates of one client; none asks on at once.</param>
internal sealed record ClientRules(int Clients, int Attempts, TimeSpan Patience, TimeSpan Pause)
{
    /// <summary>16 clients without pause, at most 3 attempts within 5 s.</summary>
    public static ClientRules Issue { get; } = new(16, 3, TimeSpan.FromSeconds(5), TimeSpan.Zero);

    /// <summary>The wait before an attempt, as gRPC's retry policy doubles it, from 0.4 s.</summary>
    /// <param name="attempt">From 1; none before the first.</param>
    /// <param name="random">0 to 1; the wait is spread by a quarter.</param>
    public static TimeSpan WaitBefore(int attempt, double random)
        => attempt <= 1 ? TimeSpan.Zero : TimeSpan.FromSeconds(0.4) * Math.Pow(2, attempt - 2) * (0.75 + (random / 2));

    /// <summary>
    /// What such clients try again, as gRPC's retry policy does: UNAVAILABLE and RESOURCE_EXHAUSTED, and a connection that broke. Any other answer is the last one.
    /// </summary>
    public static bool MayRetry(int status) => status is CallOutcome.NoStatus or Unavailable or ResourceExhausted;

    private const int ResourceExhausted = 8;
    private const int Unavailable = 14;
}
