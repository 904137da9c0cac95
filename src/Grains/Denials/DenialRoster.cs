using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// The roster of lease holders inside a denial set, as pure functions. It changes only as the set does, by compare-and-swap on the number. A change
/// that changes nothing keeps the set.
/// </summary>
internal static class DenialRoster
{
    /// <summary>Holders at most. Starts that vanished leave within about two leases, so this bounds a storm of restarts, not a fleet.</summary>
    public const int Capacity = 10_000;

    public static LeaseHolder? Find(DenialSet set, string silo, string incarnation) =>
        set.Holders.FirstOrDefault(holder => holder.Silo == silo && holder.Incarnation == incarnation);

    /// <summary>Whether this set gives the silo a lease.</summary>
    public static bool Grants(DenialSet set, string silo, string incarnation) => Find(set, silo, incarnation) is { Leaving: 0 };

    /// <summary>
    /// Puts a start of a silo on the roster, or takes it back while it is leaving. A new start tells that earlier ones of the same name are most
    /// likely gone: they are marked as leaving, and come back by their next confirmation where they are not.
    /// </summary>
    public static DenialSet Join(DenialSet set, string silo, string incarnation, long leaseMilliseconds)
    {
        var number = set.Number + 1;
        switch (Find(set, silo, incarnation))
        {
            case { Leaving: 0 }:
                return set;
            case { } leaving:
                // It keeps the number that it joined at: it may still refuse by a set from then.
                return With(set, set.Holders.Replace(leaving, leaving with { Leaving = 0 }));
        }

        if (set.Holders.Length >= Capacity)
        {
            throw new GrainOperationException(
                RefusalCode.ResourceExhausted, "roster_full",
                $"{Capacity} starts of silos are on the denial roster; those that are gone leave it within about two leases. Try again then.");
        }

        var others = set.Holders.Select(holder => holder.Silo == silo && holder.Leaving == 0 ? holder with { Leaving = number } : holder);
        return With(set, [.. others, new LeaseHolder(silo, incarnation, number, Leaving: 0, leaseMilliseconds)]);
    }

    /// <summary>Takes a start of a silo off at once: it says itself that it holds no lease any more.</summary>
    public static DenialSet Leave(DenialSet set, string silo, string incarnation) =>
        Find(set, silo, incarnation) is { } holder ? With(set, set.Holders.Remove(holder)) : set;

    /// <summary>Marks the silent ones as leaving, and drops those whose leases are over since they were marked.</summary>
    public static DenialSet Tidy(DenialSet set, Func<LeaseHolder, bool> isSilent, Func<LeaseHolder, bool> isGone)
    {
        var number = set.Number + 1;
        ImmutableArray<LeaseHolder> next =
        [
            .. set.Holders
                .Where(holder => !isGone(holder))
                .Select(holder => holder.Leaving == 0 && isSilent(holder) ? holder with { Leaving = number } : holder),
        ];
        return next.SequenceEqual(set.Holders) ? set : With(set, next);
    }

    private static DenialSet With(DenialSet set, ImmutableArray<LeaseHolder> holders) =>
        set with { Number = set.Number + 1, Roster = holders.IsEmpty ? default : holders };
}
