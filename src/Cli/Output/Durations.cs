using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace MeshGrains.Cli;

/// <summary>Times as people write them: <c>90s</c>, <c>30m</c>, <c>1h30m</c>, <c>7d</c>; whole seconds.</summary>
internal static class Durations
{
    private const int MaxDigits = 7;
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36_500);

    public static Option<TimeSpan?> Option(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "30m|1h30m|7d",
        CustomParser = Parse,
    };

    /// <param name="text">The text.</param>
    /// <param name="duration">Its duration, above zero; zero when there is none.</param>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var sum = TimeSpan.Zero;
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits is <= 0 or > MaxDigits || SecondsOf(rest[digits]) is not { } seconds)
            {
                return false;
            }

            sum += TimeSpan.FromSeconds(long.Parse(rest[..digits], CultureInfo.InvariantCulture) * seconds);
            if (sum > Longest)
            {
                return false;
            }

            rest = rest[(digits + 1)..];
        }

        duration = sum;
        return sum > TimeSpan.Zero;
    }

    /// <summary>The two largest units of a duration: <c>3d 2h</c>, <c>59m 12s</c>; <c>0s</c> for none or a negative one.</summary>
    public static string Format(TimeSpan duration)
    {
        var parts = new[] { (duration.Days, 'd'), (duration.Hours, 'h'), (duration.Minutes, 'm'), (duration.Seconds, 's') }
            .SkipWhile(part => part.Item1 <= 0).Take(2).Where(part => part.Item1 > 0);
        var text = string.Join(' ', parts.Select(part => $"{part.Item1}{part.Item2}"));
        return duration <= TimeSpan.Zero || text.Length == 0 ? "0s" : text;
    }

    private static int? SecondsOf(char unit) => unit switch { 'd' => 86_400, 'h' => 3600, 'm' => 60, 's' => 1, _ => null };

    private static TimeSpan? Parse(ArgumentResult result)
    {
        if (result.Tokens is [{ Value: var text }] && TryParse(text, out var duration))
        {
            return duration;
        }

        result.AddError($"'{string.Join(' ', result.Tokens.Select(token => token.Value))}' is no duration: write 90s, 30m, 1h30m or 7d.");
        return null;
    }
}
