namespace MeshGrains.Bench;

/// <summary>The few statistics that the figures need.</summary>
internal static class Statistics
{
    /// <summary>The middle value; the mean of the two middle ones of an even number.</summary>
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = Sorted(values);
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>How far the values lie apart, as a part of their median: (highest - lowest) / median.</summary>
    public static double Spread(IEnumerable<double> values)
    {
        var sorted = Sorted(values);
        return (sorted[^1] - sorted[0]) / Median(sorted);
    }

    /// <summary>The smallest value that at least <paramref name="part"/> (0 to 1) of all values do not exceed (nearest rank).</summary>
    public static double Percentile(IEnumerable<double> values, double part)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(part, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(part, 1);
        var sorted = Sorted(values);
        var rank = (int)Math.Ceiling(part * sorted.Length);
        return sorted[Math.Clamp(rank - 1, 0, sorted.Length - 1)];
    }

    private static double[] Sorted(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length > 0 ? sorted : throw new ArgumentException("There are no values.", nameof(values));
    }
}
