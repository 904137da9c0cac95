namespace MeshGrains.Grains;

/// <summary>
/// What one activation has seen of the denial set and heard from silos, and what may be concluded from that alone. All times are this activation's
/// own, from a clock that only runs forward; no clock of another machine is compared with it. docs/decisions/0012-denial-leases.md has the argument:
/// <list type="bullet">
/// <item>A lease on number m runs from before a reading that showed m. Number m + 1 was written after that reading, and this activation saw it later
/// still. So once a number was seen for longer than a silo's lease, that silo holds no lease on an older one.</item>
/// <item>Leases go only to whom the reading shows on the roster and not leaving. So who joined later holds a later number; who is leaving, and was
/// seen so for longer than its lease, holds none; everyone else is on the newest roster seen here, and is asked.</item>
/// </list>
/// </summary>
internal sealed class DenialWitness
{
    private const int RememberedNumbers = 1024;

    private readonly Dictionary<(string Silo, string Incarnation), Word> _heard = [];
    private readonly SortedList<long, TimeSpan> _seen = [];
    private readonly SortedList<long, TimeSpan> _effective = [];
    private TimeSpan _lastGone = TimeSpan.MinValue;

    /// <summary>The newest set that was seen.</summary>
    public DenialSet Set { get; private set; } = DenialSet.Empty;

    /// <summary>A silo's lease, as long as it may seem here while the silo's clock runs slower than this one, by up to 2 %.</summary>
    public static TimeSpan Outlived(LeaseHolder holder) => TimeSpan.FromMilliseconds(holder.LeaseMilliseconds + (holder.LeaseMilliseconds / 50.0));

    /// <summary>The store showed this set, or acknowledged it; <paramref name="now"/> was read after that.</summary>
    public void Saw(DenialSet set, TimeSpan now)
    {
        if (_seen.Count > 0 && set.Number <= Set.Number)
        {
            return;
        }

        // What holds by the roster so far is noted before another roster can only say so later.
        for (var i = _seen.Count - 1; i >= 0 && !_effective.ContainsKey(_seen.GetKeyAtIndex(i)); i--)
        {
            EffectiveSince(_seen.GetKeyAtIndex(i), now);
        }

        if (Set.Holders.Any(holder => DenialRoster.Find(set, holder.Silo, holder.Incarnation)?.Joined != holder.Joined))
        {
            _lastGone = now;
        }

        Remember(_seen, set.Number, now);
        Set = set;
        foreach (var stranger in _heard.Keys.Where(key => DenialRoster.Find(set, key.Silo, key.Incarnation) is null).ToList())
        {
            _heard.Remove(stranger);
        }
    }

    /// <summary>A silo said that it refuses by this number, or a later one.</summary>
    public void Heard(string silo, string incarnation, long number, TimeSpan now)
    {
        _heard[(silo, incarnation)] = _heard.TryGetValue((silo, incarnation), out var before) && before.Number >= number
            ? before with { At = now }
            : new Word(number, now, now);

        // Now, while the moment is exact; asked later, it would be told by later words.
        EffectiveSince(Set.Number, now);
    }

    /// <summary>On the roster and not heard from for longer than a lease. A guess: marking one that lives costs it a confirmation, nothing else.</summary>
    public bool IsSilent(LeaseHolder holder, TimeSpan now)
    {
        var since = SeenAt(holder.Joined) ?? now;
        if (_heard.TryGetValue((holder.Silo, holder.Incarnation), out var word) && word.At > since)
        {
            since = word.At;
        }

        return holder.Leaving == 0 && now - since > Outlived(holder);
    }

    /// <summary>Seen as leaving for longer than its lease: whatever it was given before is over, and it got nothing since.</summary>
    public bool IsGone(LeaseHolder holder, TimeSpan now) => GoneSince(holder) is { } gone && gone <= now;

    /// <summary>A moment from which <paramref name="number"/> holds everywhere, the same whenever it is asked; null while that is not certain.</summary>
    public TimeSpan? EffectiveSince(long number, TimeSpan now)
    {
        if (_effective.TryGetValue(number, out var told))
        {
            return told;
        }

        if (number > Set.Number || SeenAt(number) is not { } seen)
        {
            return null;
        }

        // Who is off the roster by now may have held a lease until then.
        var since = seen > _lastGone ? seen : _lastGone;
        foreach (var holder in Set.Holders)
        {
            var holds = HoldsSince(holder, number, seen);
            since = holds > since ? holds : since;
        }

        // A later number that holds everywhere says the same of every earlier one.
        if (FirstFrom(_effective, number) is { } later && later < since)
        {
            since = later;
        }

        if (since > now)
        {
            return null;
        }

        Remember(_effective, number, since);
        return since;
    }

    /// <summary>From when on this holder cannot hold a lease on a number below <paramref name="number"/>, which was seen first at <paramref name="seen"/>.</summary>
    private TimeSpan HoldsSince(LeaseHolder holder, long number, TimeSpan seen)
    {
        if (holder.Joined > number)
        {
            return seen;
        }

        var since = seen + Outlived(holder);
        if (GoneSince(holder) is { } gone && gone < since)
        {
            since = gone;
        }

        return _heard.TryGetValue((holder.Silo, holder.Incarnation), out var word) && word.Number >= number && word.Since < since ? word.Since : since;
    }

    private TimeSpan? GoneSince(LeaseHolder holder) => holder.Leaving > 0 && SeenAt(holder.Leaving) is { } seen ? seen + Outlived(holder) : null;

    /// <summary>When this activation first saw a set of this number or a later one.</summary>
    private TimeSpan? SeenAt(long number) => FirstFrom(_seen, number);

    private static TimeSpan? FirstFrom(SortedList<long, TimeSpan> times, long number)
    {
        var (low, high) = (0, times.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = times.GetKeyAtIndex(middle) < number ? (middle + 1, high) : (low, middle);
        }

        return low < times.Count ? times.GetValueAtIndex(low) : null;
    }

    /// <summary>What is forgotten is answered by the next later number, whose time is later: never too early.</summary>
    private static void Remember(SortedList<long, TimeSpan> times, long number, TimeSpan at)
    {
        times[number] = at;
        if (times.Count > RememberedNumbers)
        {
            times.RemoveAt(0);
        }
    }

    /// <summary>The highest number that a silo confirmed, since when, and when it was heard last.</summary>
    private sealed record Word(long Number, TimeSpan Since, TimeSpan At);
}
