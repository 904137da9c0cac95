namespace MeshGrains.LocalCluster;

/// <summary>Whether and when a process that ended is started again.</summary>
/// <param name="random">0 to 1, for the jitter.</param>
public sealed class RestartPolicy(Func<double> random)
{
    /// <summary>The product's exit code for a configuration that cannot work: another start cannot mend it.</summary>
    public const int BadConfiguration = 2;

    /// <summary>The product's exit code for "start me again": a silo that the others have declared dead.</summary>
    public const int StartAgain = 75;

    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(60);
    private const double Jitter = 0.2;

    private int _inARow;

    /// <summary>How long to wait before the next start; null when there must be none. Doubles from half a second to 30 s, +-20 %.</summary>
    /// <param name="exitCode">How the process ended.</param>
    /// <param name="lived">How long it lived; a minute makes the waits begin anew.</param>
    public TimeSpan? Next(int exitCode, TimeSpan lived)
    {
        if (exitCode == BadConfiguration)
        {
            return null;
        }

        _inARow = lived >= Settled ? 1 : _inARow + 1;

        // Asked for once it comes at once; again and again it is a failure like any other.
        var doubled = exitCode == StartAgain ? _inARow - 2 : _inARow - 1;
        if (doubled < 0)
        {
            return First / 5 * Around(random());
        }

        var wait = First * Math.Pow(2, Math.Min(doubled, 10));
        return (wait < Most ? wait : Most) * Around(random());
    }

    private static double Around(double part) => 1 - Jitter + (2 * Jitter * part);
}
