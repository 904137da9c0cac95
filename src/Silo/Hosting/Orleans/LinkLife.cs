using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Silo;

/// <summary>When a connection between two silos has to end, so that it outlives neither side's certificate.</summary>
internal static class LinkLife
{
    private static readonly TimeSpan LongestMargin = TimeSpan.FromMinutes(5);

    /// <summary>What a timer takes at most, with room to spare.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(30);

    /// <summary>
    /// A tenth of what is left of the shorter life (5 minutes at most) before it ends: by then both sides have long had newer certificates. A
    /// connection that was opened within the clock skew after a certificate's end is over when the skew is.
    /// </summary>
    public static DateTimeOffset EndOf(X509Certificate2 own, X509Certificate2? peer, DateTimeOffset now, TimeSpan skew)
    {
        var first = End(own, now, skew);
        return peer is not null && End(peer, now, skew) is var second && second < first ? second : first;
    }

    public static TimeSpan Until(DateTimeOffset end, DateTimeOffset now)
    {
        var left = end - now;
        return left < TimeSpan.Zero ? TimeSpan.Zero : left > LongestWait ? LongestWait : left;
    }

    private static DateTimeOffset End(X509Certificate2 certificate, DateTimeOffset now, TimeSpan skew)
    {
        var end = new DateTimeOffset(certificate.NotAfter.ToUniversalTime());
        if (end <= now)
        {
            return end + skew;
        }

        var margin = (end - now) / 10;
        return end - (margin < LongestMargin ? margin : LongestMargin);
    }
}
