using System.Buffers;
using System.Globalization;

namespace MeshGrains.Silo;

/// <summary>Times as configuration writes them: a number and a unit, several in a row: <c>30s</c>, <c>5m</c>, <c>1h30m</c>, <c>250ms</c>, <c>7d</c>.</summary>
internal static class Durations
{
    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    private static readonly (string Unit, TimeSpan Length)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)),
        ("s", TimeSpan.FromSeconds(1)),
        ("m", TimeSpan.FromMinutes(1)),
        ("h", TimeSpan.FromHours(1)),
        ("d", TimeSpan.FromDays(1)),
    ];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var rest = text.AsSpan().Trim();
        if (rest.IsEmpty)
        {
            return false;
        }

        if (rest is "0")
        {
            return true;
        }

        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(NumberCharacters);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            rest = rest[digits..];
            var letters = rest.IndexOfAny(NumberCharacters);
            var unit = (letters < 0 ? rest : rest[..letters]).ToString();
            var known = Array.Find(Units, candidate => candidate.Unit == unit);
            if (known.Unit is null || number * known.Length.TotalDays > 40_000)
            {
                return false;
            }

            duration += known.Length * number;
            rest = letters < 0 ? [] : rest[letters..];
        }

        return true;
    }

    /// <summary>The shortest such text: <c>72h</c>, <c>1h30m</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
        {
            return "0s";
        }

        var text = "";
        var hours = (long)duration.TotalHours;
        text += hours > 0 ? $"{hours}h" : "";
        text += duration.Minutes > 0 ? $"{duration.Minutes}m" : "";
        text += duration.Seconds > 0 ? $"{duration.Seconds}s" : "";
        return text + (duration.Milliseconds > 0 ? $"{duration.Milliseconds}ms" : "");
    }
}
