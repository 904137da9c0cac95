using System.Globalization;

namespace MeshGrains.Rpc.Wire;

/// <summary>The <c>grpc-timeout</c> header: one to eight digits and a unit (H, M, S, m, u, n).</summary>
internal static class GrpcTimeout
{
    /// <summary>The longest a timer takes; a longer timeout is as good as none.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(40);

    private const long MaxDigits = 99_999_999;

    public static bool TryParse(string text, out TimeSpan timeout)
    {
        timeout = TimeSpan.Zero;
        if (text.Length is < 2 or > 9
            || !uint.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out uint count))
        {
            return false;
        }

        long ticksPerUnit;
        switch (text[^1])
        {
            case 'H': ticksPerUnit = TimeSpan.TicksPerHour; break;
            case 'M': ticksPerUnit = TimeSpan.TicksPerMinute; break;
            case 'S': ticksPerUnit = TimeSpan.TicksPerSecond; break;
            case 'm': ticksPerUnit = TimeSpan.TicksPerMillisecond; break;
            case 'u': ticksPerUnit = TimeSpan.TicksPerMicrosecond; break;
            case 'n':
                // A tick is 100 ns: round up, so that a positive timeout never becomes zero.
                timeout = TimeSpan.FromTicks((count + 99) / 100);
                return true;
            default: return false;
        }

        timeout = TimeSpan.FromTicks(count * ticksPerUnit);
        if (timeout > Longest)
        {
            timeout = Longest;
        }

        return true;
    }

    public static string Format(TimeSpan timeout)
    {
        long ticks = Math.Max(timeout.Ticks, 0);
        return Try(ticks, TimeSpan.TicksPerMicrosecond, 'u')
            ?? Try(ticks, TimeSpan.TicksPerMillisecond, 'm')
            ?? Try(ticks, TimeSpan.TicksPerSecond, 'S')
            ?? Try(ticks, TimeSpan.TicksPerMinute, 'M')
            ?? Try(ticks, TimeSpan.TicksPerHour, 'H')
            ?? "99999999H";

        static string? Try(long ticks, long unit, char letter)
        {
            long count = ticks / unit + (ticks % unit == 0 ? 0 : 1);
            return count <= MaxDigits ? string.Create(CultureInfo.InvariantCulture, $"{count}{letter}") : null;
        }
    }
}
