using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Grains.Tests;

public sealed class DenialDecisionsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void A_new_denial_raises_the_number_and_carries_it()
    {
        var set = DenialDecisions.Add(DenialSet.Empty, Quarantine("spiffe://td/a"), capacity: 10);

        Assert.Equal(1, set.Number);
        Assert.Equal(1, Assert.Single(set.Denials).Number);
    }

    [Fact]
    public void A_denial_that_stands_already_changes_nothing()
    {
        var once = DenialDecisions.Add(DenialSet.Empty, Quarantine("spiffe://td/a"), 10);

        Assert.Same(once, DenialDecisions.Add(once, Quarantine("spiffe://td/a"), 10));
    }

    [Fact]
    public void A_removal_raises_the_number_too()
    {
        var set = DenialDecisions.Add(DenialSet.Empty, Quarantine("spiffe://td/a"), 10);

        var released = DenialDecisions.Remove(set, DenialKind.QuarantinedIdentity, "spiffe://td/a");

        Assert.Equal(2, released.Number);
        Assert.Empty(released.Denials);
        Assert.Same(released, DenialDecisions.Remove(released, DenialKind.QuarantinedIdentity, "spiffe://td/a"));
    }

    [Fact]
    public void A_full_set_refuses_with_words_that_say_what_to_do()
    {
        var set = DenialDecisions.Add(DenialSet.Empty, Quarantine("spiffe://td/a"), capacity: 1);

        var refused = Assert.Throws<GrainOperationException>(() => DenialDecisions.Add(set, Quarantine("spiffe://td/b"), capacity: 1));

        Assert.Equal(RefusalCode.ResourceExhausted, refused.Code);
        Assert.Contains("Release", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_deleted_registration_is_forgotten_when_no_cache_can_hold_it_any_more_and_a_quarantine_never()
    {
        var deleted = new Denial(DenialKind.DeletedRegistration, "entry-1", 0, "gone", "op", Now, "1");
        var set = DenialDecisions.Add(DenialDecisions.Add(DenialSet.Empty, deleted, 10), Quarantine("spiffe://td/a"), 10);

        var later = DenialDecisions.Add(set, Quarantine("spiffe://td/b") with { Since = Now + DenialDecisions.KeepDeletedRegistrations + TimeSpan.FromSeconds(1) }, 10);

        Assert.DoesNotContain(later.Denials, denial => denial.Kind == DenialKind.DeletedRegistration);
        Assert.Equal(2, later.Denials.Length);
    }

    [Fact]
    public void The_denial_of_what_has_ended_by_itself_makes_room_and_not_before()
    {
        var tainted = new Denial(DenialKind.TaintedAuthority, "ca-1", 0, "stolen", "op", Now, "1", Now.AddHours(73));
        var set = DenialDecisions.Add(DenialSet.Empty, tainted, capacity: 1);

        Assert.Throws<GrainOperationException>(() => DenialDecisions.Add(set, Quarantine("spiffe://td/a") with { Since = Now.AddHours(73) }, capacity: 1));
        var later = DenialDecisions.Add(set, Quarantine("spiffe://td/a") with { Since = Now.AddHours(73).AddSeconds(1) }, capacity: 1);

        Assert.Equal("spiffe://td/a", Assert.Single(later.Denials).Subject);
        Assert.Equal(2, later.Number);
    }

    [Fact]
    public void Whatever_is_denied_in_whatever_order_the_set_stays_within_its_room_and_quarantines_stay_in_it()
    {
        Prop.ForAll<(byte Subject, byte Kind, ushort Minutes)[]>(steps =>
        {
            const int capacity = 6;
            var (set, now, quarantined) = (DenialSet.Empty, Now, new HashSet<string>());
            foreach (var (subject, kind, minutes) in steps)
            {
                now += TimeSpan.FromMinutes(minutes % 30);
                var denial = (kind % 3) switch
                {
                    0 => new Denial(DenialKind.QuarantinedIdentity, $"{subject}", 0, "r", "a", now, "op"),
                    1 => new Denial(DenialKind.DeletedRegistration, $"{subject}", 0, "r", "a", now, "op"),
                    _ => new Denial(DenialKind.TaintedAuthority, $"{subject}", 0, "r", "a", now, "op", now.AddMinutes(subject)),
                };
                try
                {
                    set = DenialDecisions.Add(set, denial, capacity);
                    if (denial.Kind == DenialKind.QuarantinedIdentity)
                    {
                        quarantined.Add(denial.Subject);
                    }
                }
                catch (GrainOperationException full) when (full.Reason == "denials_full")
                {
                    // The set stays as it was.
                }

                if (set.Denials.Length > capacity
                    || quarantined.Any(name => DenialDecisions.Find(set, DenialKind.QuarantinedIdentity, name) is null)
                    || set.Denials.Any(standing => standing.Number > set.Number))
                {
                    return false;
                }
            }

            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Numbers_only_grow_and_a_set_never_holds_a_subject_twice()
    {
        Prop.ForAll<(bool Add, byte Subject)[]>(steps =>
        {
            var set = DenialSet.Empty;
            foreach (var (add, subject) in steps)
            {
                var name = $"spiffe://td/{subject % 5}";
                var next = add ? DenialDecisions.Add(set, Quarantine(name), 100) : DenialDecisions.Remove(set, DenialKind.QuarantinedIdentity, name);
                if (next.Number < set.Number || (next.Number == set.Number) != ReferenceEquals(next, set))
                {
                    return false;
                }

                set = next;
            }

            return set.Denials.Select(denial => denial.Subject).Distinct().Count() == set.Denials.Length;
        }).QuickCheckThrowOnFailure();
    }

    private static Denial Quarantine(string id) => new(DenialKind.QuarantinedIdentity, id, 0, "test", "operator", Now, "op-" + id);
}
