using System.Globalization;

namespace MeshGrains.Storage;

/// <summary>
/// One blob of a shard: <c>log/{trust domain}/{issuer}/{number, 8 digits}</c>, its summary under <c>index/</c>, and its
/// serials under <c>serials/</c>.
/// </summary>
internal readonly record struct LogSegment(string TrustDomain, string Issuer, int Number)
{
    public const string Logs = "log/";
    public const string Summaries = "index/";
    public const string Serials = "serials/";
    private const int MaxName = 255;

    public string Name => Logs + Path;

    public string SummaryName => Summaries + Path;

    public string SerialsName => Serials + Path;

    public string Shard => Folder(TrustDomain, Issuer);

    private string Path => $"{Shard}{Number.ToString("D8", CultureInfo.InvariantCulture)}";

    public static string Folder(string trustDomain, string issuer) => $"{trustDomain}/{issuer}/";

    public LogSegment Next() => this with { Number = Number + 1 };

    /// <summary>Reads a blob's name; null when it is none of a segment or summary.</summary>
    public static LogSegment? Parse(string name)
    {
        var parts = name.Split('/');
        return parts.Length == 4 && parts[3].Length == 8 && int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new LogSegment(parts[1], parts[2], number)
            : null;
    }

    /// <exception cref="ArgumentException">The text is no part of a blob's name.</exception>
    public static void RequireName(string text, string what)
    {
        if (text.Length is 0 or > MaxName || text[0] == '.' || text[^1] == '.'
            || !text.All(letter => letter is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '.' or '-' or '_'))
        {
            throw new ArgumentException($"The {what} of a log record is 1 to {MaxName} lowercase letters, digits, '.', '-' and '_'.");
        }
    }
}
