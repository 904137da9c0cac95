namespace MeshGrains.Identity;

/// <summary>From when until when a certificate holds, in whole seconds of UTC, both ends included (RFC 5280 section 4.1.2.5).</summary>
public readonly record struct Validity(DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    /// <summary>
    /// The validity of a leaf made now: from <paramref name="now"/> less <paramref name="backdate"/>, for readers whose clocks are behind, to
    /// <paramref name="now"/> plus <paramref name="ttl"/>, clipped to the issuer's end.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The lifetime is not positive or the back-dating is negative.</exception>
    /// <exception cref="InvalidOperationException">Nothing is left before the issuer's end.</exception>
    public static Validity ForLeaf(DateTimeOffset now, TimeSpan ttl, DateTimeOffset issuerNotAfter, TimeSpan backdate)
        => TryForLeaf(now, ttl, issuerNotAfter, backdate, out var validity)
            ? validity
            : throw new InvalidOperationException(
                $"The issuer's certificate ends at {issuerNotAfter:u}; at {now:u} nothing can be issued under it any more.");

    /// <summary>As <see cref="ForLeaf"/>, but false when nothing is left.</summary>
    public static bool TryForLeaf(DateTimeOffset now, TimeSpan ttl, DateTimeOffset issuerNotAfter, TimeSpan backdate, out Validity validity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ttl, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(backdate, TimeSpan.Zero);
        var start = now.ToUniversalTime();
        var end = issuerNotAfter - start < ttl ? issuerNotAfter.ToUniversalTime() : start + ttl;
        validity = new Validity(WholeSeconds(start - backdate), WholeSeconds(end));
        return validity.NotAfter > start;
    }

    /// <summary>True from NotBefore less the skew to NotAfter plus the skew.</summary>
    public bool Holds(DateTimeOffset now, TimeSpan clockSkew = default)
        => now + clockSkew >= NotBefore && now - clockSkew - TimeSpan.FromSeconds(1) < NotAfter;

    /// <summary>Cuts off the part of a second that certificates cannot carry.</summary>
    public static DateTimeOffset WholeSeconds(DateTimeOffset instant)
    {
        var utc = instant.ToUniversalTime();
        return new DateTimeOffset(utc.Ticks - (utc.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
    }
}
