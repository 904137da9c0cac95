using System.Globalization;
using System.Text;

namespace MeshGrains.Cli;

/// <summary>Makes text of others fit for a terminal: what could move the cursor, forge a line or turn the reading direction becomes '?'.</summary>
internal static class Printable
{
    public static string Of(string? text)
    {
        if (text is null)
        {
            return "";
        }

        if (!text.Any(IsUnsafe))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            clean.Append(IsUnsafe(c) ? '?' : c);
        }

        return clean.ToString();
    }

    /// <summary>An instant in UTC to the second: <c>2030-01-01 00:00:00Z</c>.</summary>
    public static string Of(DateTimeOffset instant) => instant.ToUniversalTime().ToString("u", CultureInfo.InvariantCulture);

    public static string Of(DateTimeOffset? instant) => instant is { } known ? Of(known) : "";

    public static string Of(IEnumerable<string>? items) => Of(string.Join(", ", items ?? []));

    private static bool IsUnsafe(char c) => CharUnicodeInfo.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
