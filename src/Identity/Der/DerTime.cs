namespace MeshGrains.Identity;

/// <summary>Times as RFC 5280 section 4.1.2.5 has them: UTCTime through 2049, GeneralizedTime from 2050, whole seconds, always "Z".</summary>
internal static class DerTime
{
    /// <summary>The last instant a certificate can name, and the sign for "no end" (RFC 5280 section 4.1.2.5).</summary>
    public static readonly DateTimeOffset Max = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);

    public static void Write(ref DerWriter writer, DateTimeOffset instant)
    {
        var utc = instant.UtcDateTime;
        Span<byte> text = stackalloc byte[15];
        Two(text, 0, utc.Year / 100);
        Two(text, 2, utc.Year % 100);
        Two(text, 4, utc.Month);
        Two(text, 6, utc.Day);
        Two(text, 8, utc.Hour);
        Two(text, 10, utc.Minute);
        Two(text, 12, utc.Second);
        text[14] = (byte)'Z';
        if (utc.Year is >= 1950 and < 2050)
        {
            writer.Value(DerTag.UtcTime, text[2..]);
        }
        else
        {
            writer.Value(DerTag.GeneralizedTime, text);
        }
    }

    public static bool TryRead(ref DerReader reader, out DateTimeOffset instant)
    {
        instant = default;
        if (!reader.TryReadAny(out var tag, out _, out var text) || text.IsEmpty || text[^1] != 'Z')
        {
            return false;
        }

        var year = -1;
        if (tag == DerTag.UtcTime && text.Length == 13)
        {
            year = Two(text, 0);
            year = year < 0 ? year : year + (year >= 50 ? 1900 : 2000);
            text = text[2..];
        }
        else if (tag == DerTag.GeneralizedTime && text.Length == 15)
        {
            var (high, low) = (Two(text, 0), Two(text, 2));
            year = high < 0 || low < 0 ? -1 : (high * 100) + low;
            text = text[4..];
        }

        return year > 0 && TryBuild(year, text, out instant);
    }

    private static bool TryBuild(int year, ReadOnlySpan<byte> rest, out DateTimeOffset instant)
    {
        instant = default;
        var (month, day, hour, minute, second) = (Two(rest, 0), Two(rest, 2), Two(rest, 4), Two(rest, 6), Two(rest, 8));
        if (month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 59)
        {
            return false;
        }

        instant = new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero);
        return true;
    }

    private static void Two(Span<byte> text, int at, int value)
    {
        text[at] = (byte)('0' + (value / 10));
        text[at + 1] = (byte)('0' + (value % 10));
    }

    private static int Two(ReadOnlySpan<byte> text, int at)
    {
        var (high, low) = (text[at] - '0', text[at + 1] - '0');
        return high is < 0 or > 9 || low is < 0 or > 9 ? -1 : (high * 10) + low;
    }
}
