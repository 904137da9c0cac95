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
