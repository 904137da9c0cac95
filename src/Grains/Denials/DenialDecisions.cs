using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>Changes of a denial set, as pure functions. A change that changes nothing keeps the number.</summary>
internal static class DenialDecisions
{
    /// <summary>A deleted registration is denied while any silo may still hold it in a cache; then the missing record refuses by itself.</summary>
    public static readonly TimeSpan KeepDeletedRegistrations = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Deleted registrations take at most half of the room, so that whoever may delete registrations cannot keep an identity from being quarantined.
    /// One that stands already stays as it is, but for less time to replace what a tainted authority signed.
    /// </summary>
    public static DenialSet Add(DenialSet set, Denial denial, int capacity)
    {
        var number = set.Number + 1;
        if (FindOwn(set, denial.Kind, denial.Subject) is { } standing)
        {
            return (denial.ReissueOverSeconds ?? 0) < (standing.ReissueOverSeconds ?? 0)
                ? set with { Number = number, Denials = set.Denials.Replace(standing, standing with { Number = number, ReissueOverSeconds = denial.ReissueOverSeconds }) }
                : set;
        }

        var kept = set.Denials.RemoveAll(old => HasEnded(old, denial.Since));
        if (kept.Length >= capacity
            || (denial.Kind == DenialKind.DeletedRegistration && 2 * kept.Count(old => old.Kind == DenialKind.DeletedRegistration) >= capacity))
        {
            throw new GrainOperationException(
                RefusalCode.ResourceExhausted, "denials_full",
                $"The denial set holds its {capacity} members (half of them at most deleted registrations, which leave by themselves within "
                + $"{KeepDeletedRegistrations.TotalMinutes:0} minutes). Release identities that need no quarantine any more.");
        }

        return set with { Number = number, Denials = kept.Add(denial with { Number = number }) };
    }

    /// <exception cref="GrainOperationException">The home cluster denies it, and only the home takes it back.</exception>
    public static DenialSet Remove(DenialSet set, DenialKind kind, string subject) =>
        FindOwn(set, kind, subject) is { } standing ? set with { Number = set.Number + 1, Denials = set.Denials.Remove(standing) }
        : Find(set, kind, subject) is { Origin: { } home } ? throw new GrainOperationException(
            RefusalCode.Conflict, "denied_at_home", $"{subject} is denied by the home cluster {home}, for all clusters: take it back there.")
        : set;

    /// <summary>
    /// A member's set after the home told what it denies: that takes the place of what it told before, and what was ordered here stays. The same where nothing
    /// is new, or where the home told more already (its silos tell each by what it holds itself).
    /// </summary>
    /// <exception cref="GrainOperationException">Both together are more than the set holds; it stays as it is.</exception>
    public static DenialSet Follow(DenialSet set, FollowedDenials told, int capacity, DateTimeOffset now)
    {
        if (told.Number < set.FollowedNumber)
        {
            return set;
        }

        var number = set.Number + 1;
        var standing = set.Denials.Where(denial => denial.Origin is not null).ToDictionary(KeyOf);
        var own = set.Denials.RemoveAll(denial => denial.Origin is not null);
        ImmutableArray<Denial> followed =
        [
            .. told.Denials.Where(denial => FollowedDenials.Concerns(denial.Kind) && !HasEnded(denial, now)).DistinctBy(KeyOf).Select(denial =>
            {
                var next = denial with { Number = number, Origin = told.Home, Actor = $"{told.Home}: {denial.Actor}" };
                return standing.GetValueOrDefault(KeyOf(denial)) is { } known && next == known with { Number = number } ? known : next;
            }),
        ];
        if (followed.Length == standing.Count && followed.All(denial => denial.Number < number))
        {
            return set;
        }

        return own.Length + followed.Length <= capacity
            ? set with { Number = number, Denials = own.AddRange(followed), FollowedNumber = told.Number }
            : throw new GrainOperationException(
                RefusalCode.ResourceExhausted, "denials_full",
                $"The home cluster {told.Home} denies {followed.Length}, this cluster {own.Length}, and its set holds {capacity}. Release here what needs no quarantine, or raise denials.capacity.");
    }

    private static bool HasEnded(Denial denial, DateTimeOffset now) =>
        denial.Until < now || (denial.Kind == DenialKind.DeletedRegistration && denial.Since + KeepDeletedRegistrations < now);

    private static (DenialKind Kind, string Subject) KeyOf(Denial denial) => (denial.Kind, denial.Subject);

    private static Denial? FindOwn(DenialSet set, DenialKind kind, string subject) =>
        set.Denials.FirstOrDefault(denial => denial.Kind == kind && denial.Subject == subject && denial.Origin is null);

    public static Denial? Find(DenialSet set, DenialKind kind, string subject) =>
        set.Denials.FirstOrDefault(denial => denial.Kind == kind && denial.Subject == subject);
}
