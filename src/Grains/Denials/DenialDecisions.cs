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
        if (Find(set, denial.Kind, denial.Subject) is { } standing)
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

    public static DenialSet Remove(DenialSet set, DenialKind kind, string subject) =>
        Find(set, kind, subject) is { } standing ? set with { Number = set.Number + 1, Denials = set.Denials.Remove(standing) } : set;

    private static bool HasEnded(Denial denial, DateTimeOffset now) =>
        denial.Until < now || (denial.Kind == DenialKind.DeletedRegistration && denial.Since + KeepDeletedRegistrations < now);

    public static Denial? Find(DenialSet set, DenialKind kind, string subject) =>
        set.Denials.FirstOrDefault(denial => denial.Kind == kind && denial.Subject == subject);
}
