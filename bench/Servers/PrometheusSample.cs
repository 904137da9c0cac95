using System.Globalization;

namespace MeshGrains.Bench;

/// <summary>Reads single samples out of the Prometheus text format.</summary>
internal static class PrometheusSample
{
    /// <summary>The value of the sample with this name, and with exactly these labels where it has some; null when there is none.</summary>
    public static double? Find(string text, string name)
    {
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] == ' '
                && double.TryParse(line.AsSpan(name.Length + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
            {
                return value;
            }
        }

        return null;
    }
}
