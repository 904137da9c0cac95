namespace MeshGrains.Bench;

/// <summary>How certificates that were re-issued came in time, held against the rate that was chosen. Rates are certificates a second.</summary>
internal sealed record Slope(double Mean, double P99, double Max)
{
    /// <summary>Draws at random are no straight line; whoever replaces all at once is far off.</summary>
    public const double Tolerance = 1.25;

    /// <summary>Of the greatest rate, in seconds.</summary>
    public const int Window = 10;

    /// <param name="perSecond">Certificates in each second, from the order on.</param>
    /// <param name="seconds">Over which they were to be spread.</param>
    public static Slope Of(IReadOnlyList<int> perSecond, int seconds)
    {
        if (perSecond.Count == 0 || seconds < 1)
        {
            return new Slope(0, 0, 0);
        }

        var (sum, most) = (0L, 0L);
        for (var i = 0; i < perSecond.Count; i++)
        {
            sum += perSecond[i] - (i >= Window ? perSecond[i - Window] : 0);
            most = Math.Max(most, sum);
        }

        return new Slope(
            (double)perSecond.Sum() / seconds, Statistics.Percentile(perSecond.Take(seconds).Select(count => (double)count), 0.99), (double)most / Window);
    }

    /// <summary>Whether no window held more than was chosen, and what a draw may be off, which for few certificates is more than <see cref="Tolerance"/>.</summary>
    public bool Keeps(double chosen) => Max * Window <= Math.Max(chosen * Window * Tolerance, (chosen * Window) + (4 * Math.Sqrt(chosen * Window)));
}
