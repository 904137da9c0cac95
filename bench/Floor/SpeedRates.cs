using System.Globalization;

namespace MeshGrains.Bench;

/// <summary>ECDSA P-256 operations a second over all cores, as <c>openssl speed</c> counts them.</summary>
internal readonly record struct SpeedRates(double SignPerSecond, double VerifyPerSecond)
{
    /// <summary>Issuances a second of which each costs one signature and one verification and nothing else.</summary>
    public double Floor => 1 / ((1 / SignPerSecond) + (1 / VerifyPerSecond));

    /// <summary>
    /// Reads the summary line of <c>openssl speed -mr ecdsap256</c>: <c>+F4:index:bits:sign:verify</c>. With -multi each child's line comes first
    /// ("Got: +F4:… from 0"), and the sum of all, which counts, starts a line of its own.
    /// </summary>
    /// <exception cref="FormatException">There is no such line.</exception>
    public static SpeedRates Parse(string output)
    {
        foreach (var line in output.Split('\n', StringSplitOptions.TrimEntries))
        {
            var fields = line.Split(':');
            if (fields is ["+F4", _, "256", var sign, var verify]
                && double.TryParse(sign, NumberStyles.Float, CultureInfo.InvariantCulture, out var signs)
                && double.TryParse(verify, NumberStyles.Float, CultureInfo.InvariantCulture, out var verifies)
                && signs > 0 && verifies > 0)
            {
                return new SpeedRates(signs, verifies);
            }
        }

        throw new FormatException("'openssl speed -mr ecdsap256' printed no line '+F4:index:256:sign:verify'.");
    }
}
