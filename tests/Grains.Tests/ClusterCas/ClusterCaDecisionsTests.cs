using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Grains.Tests;

public sealed class ClusterCaDecisionsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void A_request_is_recorded_before_anything_is_certified()
    {
        var (state, record) = Authorise(new ClusterCaState(), "op-1");

        Assert.Equal(IssuingCaState.Requested, record.State);
        Assert.Equal("op-1", state.OperationId);
        Assert.Null(record.CertificateDer);
    }

    [Fact]
    public void The_same_operation_id_is_the_same_request()
    {
        var (state, record) = Authorise(new ClusterCaState(), "op-1");

        var (again, same) = Authorise(state, "op-1");

        Assert.Same(state, again);
        Assert.Same(record, same);
    }

    [Fact]
    public void An_operation_id_does_not_serve_another_key()
    {
        var (state, _) = Authorise(new ClusterCaState(), "op-1");

        var refused = Assert.Throws<GrainOperationException>(() => ClusterCaDecisions.Authorise(state, Request("op-1"), "another", 12, Now));

        Assert.Equal("operation_reused", refused.Reason);
    }

    [Fact]
    public void A_key_that_has_a_certificate_gets_no_second_one()
    {
        var state = Certified(new ClusterCaState(), "op-1", "silo-1");

        var refused = Assert.Throws<GrainOperationException>(() => ClusterCaDecisions.Authorise(state, Request("op-2", "silo-2"), "key-op-1", 12, Now));

        Assert.Equal("key_reused", refused.Reason);
    }

    [Fact]
    public void A_retry_whose_authority_was_tainted_or_replaced_meanwhile_is_told_to_ask_anew()
    {
        var tainted = ClusterCaDecisions.Taint(Certified(new ClusterCaState(), "op-1", "silo-1"), "ca-op-1", "stolen", "op-t", Now);
        var replaced = Certified(Certified(new ClusterCaState(), "op-1", "silo-1"), "op-2", "silo-1");

        Assert.Equal(RefusalCode.Conflict, Assert.Throws<GrainOperationException>(() => Authorise(tainted, "op-1")).Code);
        Assert.Equal(RefusalCode.Conflict, Assert.Throws<GrainOperationException>(() => Authorise(replaced, "op-1")).Code);
    }

    [Fact]
    public void A_silo_over_its_budget_is_refused_and_another_is_not()
    {
        var state = new ClusterCaState();
        for (var i = 0; i < 3; i++)
        {
            (state, _) = Authorise(state, $"op-{i}", budget: 3);
        }

        Assert.Equal("issuing_ca_budget", Assert.Throws<GrainOperationException>(() => Authorise(state, "op-3", budget: 3)).Reason);
        Assert.NotNull(ClusterCaDecisions.Authorise(state, Request("op-4", "silo-2"), "key", 3, Now).Record);
        Assert.NotNull(ClusterCaDecisions.Authorise(state, Request("op-5"), "key", 3, Now + TimeSpan.FromHours(1.1)).Record);
    }

    [Fact]
    public void A_new_certificate_makes_the_silos_former_one_old_and_leaves_other_silos_alone()
    {
        var state = Certified(Certified(Certified(new ClusterCaState(), "op-1", "silo-1"), "op-2", "silo-2"), "op-3", "silo-1");

        Assert.Equal(
            [IssuingCaState.Old, IssuingCaState.Active, IssuingCaState.Active],
            state.IssuingCas.Select(ca => ca.State));
    }

    [Fact]
    public void A_tainted_authority_stays_tainted_when_its_certificate_is_entered_again()
    {
        var tainted = ClusterCaDecisions.Taint(Certified(new ClusterCaState(), "op-1", "silo-1"), "ca-op-1", "stolen", "op-t", Now);

        var again = ClusterCaDecisions.Activate(tainted, "op-1", Certificate("op-1"), Now);

        Assert.Equal(IssuingCaState.Tainted, Assert.Single(again.IssuingCas).State);
        Assert.Equal("stolen", again.IssuingCas[0].TaintReason);
    }

    [Fact]
    public void A_retired_authority_that_is_tainted_stays_retired_and_is_denied_for_the_operators_reason()
    {
        var certified = Certified(new ClusterCaState(), "op-1", "silo-1");
        var retired = certified with { IssuingCas = [certified.IssuingCas[0] with { State = IssuingCaState.Retired, EndedAt = Now }] };

        var tainted = ClusterCaDecisions.Taint(retired, "ca-op-1", "stolen", "op-t", Now);

        var ca = Assert.Single(tainted.IssuingCas);
        Assert.Equal((IssuingCaState.Retired, "stolen"), (ca.State, ca.TaintReason));
        Assert.Equal("stolen", ClusterCaDecisions.DenialOf(ca, "operator", "op-d").Reason);
        Assert.Equal(ca, Assert.Single(ClusterCaDecisions.ToDeny(tainted, DenialSet.Empty, Now)));
        Assert.Same(tainted, ClusterCaDecisions.Taint(tainted, "ca-op-1", "another", "op-u", Now));
    }

    [Fact]
    public void Tainting_an_unknown_authority_is_not_found()
    {
        var refused = Assert.Throws<GrainOperationException>(() => ClusterCaDecisions.Taint(new ClusterCaState(), "nobody", "x", "op", Now));

        Assert.Equal(RefusalCode.NotFound, refused.Code);
    }

    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);
    private static readonly Dictionary<string, long> NoneLive = [];

    [Fact]
    public void The_sweep_retires_what_has_ended_and_changes_no_CA_otherwise()
    {
        var state = Certified(new ClusterCaState(), "op-1", "silo-1");

        Assert.Equal(state.IssuingCas.AsEnumerable(), Sweep(state, Now, NoneLive).IssuingCas.AsEnumerable());

        var swept = Sweep(state, Now + TimeSpan.FromHours(73), NoneLive);
        Assert.Equal(IssuingCaState.Retired, Assert.Single(swept.IssuingCas).State);
        Assert.Empty(Sweep(swept, Now + TimeSpan.FromDays(30), NoneLive).IssuingCas);
    }

    [Fact]
    public void Where_the_log_told_no_counts_nothing_is_retired()
    {
        var state = Certified(new ClusterCaState(), "op-1", "silo-1");

        Assert.Equal(IssuingCaState.Active, Sweep(state, Now + TimeSpan.FromHours(73), live: null).IssuingCas[0].State);
    }

    [Fact]
    public void A_CA_is_retired_early_only_when_it_is_fenced_and_nothing_live_chains_to_it()
    {
        var replaced = Certified(Certified(new ClusterCaState(), "op-1", "silo-1"), "op-2", "silo-1");
        var fenced = ClusterCaDecisions.Fence(replaced, ["ca-op-1"], Now);

        Assert.Equal(IssuingCaState.Old, Sweep(replaced, Now, NoneLive).IssuingCas[0].State);
        Assert.Equal(IssuingCaState.Old, Sweep(fenced, Now, new Dictionary<string, long> { ["ca-op-1"] = 1 }).IssuingCas[0].State);
        Assert.Equal([IssuingCaState.Retired, IssuingCaState.Active], Sweep(fenced, Now, NoneLive).IssuingCas.Select(ca => ca.State));
    }

    [Fact]
    public void The_CA_of_a_start_that_is_off_the_roster_is_fenced_and_one_that_is_on_it_is_not()
    {
        var state = Certified(Certified(new ClusterCaState(), "op-1", "silo-1", "run-1"), "op-2", "silo-1", "run-2");
        var roster = DenialRoster.Join(DenialSet.Empty, "silo-1", "run-2", 30_000);

        Assert.Equal(["ca-op-1"], ClusterCaDecisions.ToSeal(state, roster, Now).AsEnumerable());
        Assert.Empty(ClusterCaDecisions.ToSeal(state, roster: null, Now));

        var fenced = ClusterCaDecisions.Fence(state, ["ca-op-1"], Now);
        Assert.Equal((IssuingCaState.Old, Now, Now), (fenced.IssuingCas[0].State, fenced.IssuingCas[0].EndedAt!.Value, fenced.IssuingCas[0].SealedAt!.Value));
        Assert.Empty(ClusterCaDecisions.ToSeal(fenced, roster, Now));
    }

    [Fact]
    public void A_replaced_CA_is_fenced_when_its_silo_has_had_time_to_swap_and_a_tainted_one_at_once()
    {
        var replaced = Certified(Certified(new ClusterCaState(), "op-1", "silo-1"), "op-2", "silo-1");

        Assert.Empty(ClusterCaDecisions.ToSeal(replaced, null, Now + ClusterCaDecisions.SwapWithin - TimeSpan.FromSeconds(1)));
        Assert.Equal(["ca-op-1"], ClusterCaDecisions.ToSeal(replaced, null, Now + ClusterCaDecisions.SwapWithin).AsEnumerable());
        Assert.Equal(["ca-op-2"], ClusterCaDecisions.ToSeal(ClusterCaDecisions.Taint(replaced, "ca-op-2", "stolen", "op-t", Now), null, Now).AsEnumerable());
    }

    [Fact]
    public void A_tainted_CA_that_the_denial_set_does_not_name_is_denied_until_nothing_of_it_can_live()
    {
        var state = ClusterCaDecisions.Taint(Certified(Certified(new ClusterCaState(), "op-1", "silo-1"), "op-2", "silo-2"), "ca-op-1", "stolen", "op-t", Now);

        var missing = Assert.Single(ClusterCaDecisions.ToDeny(state, DenialSet.Empty, Now));
        var denial = ClusterCaDecisions.DenialOf(missing, "operator", "op-d");
        Assert.Equal((DenialKind.TaintedAuthority, "ca-op-1", "stolen"), (denial.Kind, denial.Subject, denial.Reason));
        Assert.Equal(missing.NotAfter + TimeSpan.FromHours(1), denial.Until);
        Assert.Empty(ClusterCaDecisions.ToDeny(state, DenialDecisions.Add(DenialSet.Empty, denial, 10), Now));

        // Retired for want of live leaves, and still denied: who stole the key signs without the log.
        var retired = Sweep(ClusterCaDecisions.Fence(state, ["ca-op-1"], Now), Now, NoneLive);
        Assert.Equal(IssuingCaState.Retired, retired.IssuingCas[0].State);
        Assert.Single(ClusterCaDecisions.ToDeny(retired, DenialSet.Empty, Now));
        Assert.Empty(ClusterCaDecisions.ToDeny(retired, DenialSet.Empty, denial.Until!.Value));
    }

    [Fact]
    public void Whatever_happens_in_whatever_order_no_CA_comes_back_and_none_is_retired_alive_and_unfenced()
    {
        Prop.ForAll<(byte What, byte Which, ushort Seconds)[]>(steps =>
        {
            var (state, now, asked) = (new ClusterCaState(), Now, 0);
            foreach (var (what, which, seconds) in steps)
            {
                now += TimeSpan.FromSeconds(seconds * 977L % 50_000);
                var some = state.IssuingCas.IsEmpty ? null : state.IssuingCas[which % state.IssuingCas.Length];
                var next = (what % 6) switch
                {
                    0 or 1 => Ask($"op-{asked++}", $"silo-{which % 3}", $"run-{which % 5}"),
                    2 when some?.AuthorityId is { } id => ClusterCaDecisions.Taint(state, id, "stolen", "op-t", now),
                    3 => ClusterCaDecisions.Fence(state, ClusterCaDecisions.ToSeal(state, DenialRoster.Join(DenialSet.Empty, "silo-1", "run-1", 30_000), now), now),
                    4 when some is { AuthorityId: not null, Incarnation: { } run } => ClusterCaDecisions.Release(
                        state, new ReleaseIssuingCa(some.AuthorityId, some.Silo, run, now, [], []), which % 2 == 0, "op-r", now),
                    5 => Sweep(state, now, which % 3 == 0 ? null : state.IssuingCas.Where(ca => ca.AuthorityId is not null && ca.KeyHash.Length % 2 == 0)
                        .ToDictionary(ca => ca.AuthorityId!, _ => 1L)),
                    _ => state,
                };
                if (!Follows(state, next, now))
                {
                    return false;
                }

                state = next;

                ClusterCaState Ask(string operationId, string silo, string run)
                {
                    var (requested, _) = ClusterCaDecisions.Authorise(state, Request(operationId, silo, run), $"key-{operationId}", 100_000, now);
                    return which % 7 == 0 ? requested : ClusterCaDecisions.Activate(
                        requested, operationId, Certificate(operationId) with { NotBefore = now, NotAfter = now + TimeSpan.FromHours(72) }, now);
                }
            }

            return true;
        }).QuickCheckThrowOnFailure();

        static bool Follows(ClusterCaState before, ClusterCaState after, DateTimeOffset now) =>
            after.IssuingCas.Select(ca => ca.OperationId).Distinct().Count() == after.IssuingCas.Length
            && after.IssuingCas.All(ca =>
            {
                var former = before.IssuingCas.FirstOrDefault(known => known.OperationId == ca.OperationId);
                var wasFenced = (former ?? ca).SealedAt is not null;
                return (former is null || Rank(ca.State) >= Rank(former.State))
                    && (!wasFenced || ca.SealedAt == (former ?? ca).SealedAt)
                    && (ca.SealedAt is null || ca.State is not IssuingCaState.Active)
                    && (ca.State != IssuingCaState.Retired || former?.State == IssuingCaState.Retired || ca.SealedAt is not null || ca.NotAfter + Skew < now);
            })
            && before.IssuingCas.All(ca => after.IssuingCas.Any(kept => kept.OperationId == ca.OperationId)
                || ca.State == IssuingCaState.Retired || ca.NotAfter < now || ca.CertificateDer is null);

        static int Rank(IssuingCaState state) => state switch
        {
            IssuingCaState.Requested => 0,
            IssuingCaState.Active => 1,
            IssuingCaState.Old => 2,
            IssuingCaState.Tainted => 3,
            _ => 4,
        };
    }

    [Fact]
    public void Only_the_very_start_that_holds_a_CA_releases_it()
    {
        var state = Certified(new ClusterCaState(), "op-1", "silo-1");
        var release = new ReleaseIssuingCa("ca-op-1", "silo-1", "run-1", Now, [], []);

        Assert.Equal(RefusalCode.NotFound, Assert.Throws<GrainOperationException>(() =>
            ClusterCaDecisions.Release(state, release with { Incarnation = "run-2" }, true, "op-r", Now)).Code);
        var released = ClusterCaDecisions.Release(state, release, isSealed: true, "op-r", Now);
        Assert.Equal((IssuingCaState.Old, Now), (released.IssuingCas[0].State, released.IssuingCas[0].SealedAt));
        Assert.Same(released, ClusterCaDecisions.Release(released, release, isSealed: true, "op-r2", Now));
    }

    [Fact]
    public void A_sweep_is_due_when_its_time_has_come_or_was_written_by_a_clock_that_ran_ahead()
    {
        var period = TimeSpan.FromMinutes(2);

        Assert.True(ClusterCaDecisions.IsDue(null, period, Now));
        Assert.True(ClusterCaDecisions.IsDue(Now, period, Now));
        Assert.False(ClusterCaDecisions.IsDue(Now + period, period, Now));
        Assert.True(ClusterCaDecisions.IsDue(Now + TimeSpan.FromHours(1), period, Now));
    }

    private static ClusterCaState Sweep(ClusterCaState state, DateTimeOffset now, IReadOnlyDictionary<string, long>? live) =>
        ClusterCaDecisions.Sweep(state, now, Skew, live, now + TimeSpan.FromMinutes(2), "sweep");

    [Fact]
    public void A_hundred_thousand_short_lives_leave_a_bounded_list()
    {
        var state = new ClusterCaState();
        var now = Now;
        for (var i = 0; i < 2000; i++)
        {
            now += TimeSpan.FromMinutes(2);
            (state, _) = ClusterCaDecisions.Authorise(state, Request($"op-{i}"), $"key-{i}", 1000, now);
            state = ClusterCaDecisions.Activate(state, $"op-{i}", Certificate($"op-{i}") with { NotBefore = now, NotAfter = now + TimeSpan.FromSeconds(20) }, now);
        }

        Assert.InRange(state.IssuingCas.Length, 1, 100);
        Assert.Equal("op-1999", state.IssuingCas[^1].OperationId);
    }

    private static IssuingCaRequest Request(string operationId, string silo = "silo-1", string incarnation = "run-1") =>
        new(operationId, silo, [], Now, [], [], incarnation, "");

    private static (ClusterCaState State, IssuingCaRecord Record) Authorise(ClusterCaState state, string operationId, int budget = 12) =>
        ClusterCaDecisions.Authorise(state, Request(operationId), $"key-{operationId}", budget, Now);

    private static ClusterCaState Certified(ClusterCaState state, string operationId, string silo, string incarnation = "run-1") =>
        ClusterCaDecisions.Activate(ClusterCaDecisions.Authorise(state, Request(operationId, silo, incarnation), $"key-{operationId}", 12, Now).State, operationId, Certificate(operationId), Now);

    private static CertifiedIssuingCa Certificate(string operationId) =>
        new($"ca-{operationId}", "root", [1], Now, Now + TimeSpan.FromHours(72));
}
