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
        var tainted = ClusterCaDecisions.Taint(Certified(new ClusterCaState(), "op-1", "silo-1"), "ca-op-1", "stolen", "op-t");
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
        var tainted = ClusterCaDecisions.Taint(Certified(new ClusterCaState(), "op-1", "silo-1"), "ca-op-1", "stolen", "op-t");

        var again = ClusterCaDecisions.Activate(tainted, "op-1", Certificate("op-1"));

        Assert.Equal(IssuingCaState.Tainted, Assert.Single(again.IssuingCas).State);
        Assert.Equal("stolen", again.IssuingCas[0].TaintReason);
    }

    [Fact]
    public void Tainting_an_unknown_authority_is_not_found()
    {
        var refused = Assert.Throws<GrainOperationException>(() => ClusterCaDecisions.Taint(new ClusterCaState(), "nobody", "x", "op"));

        Assert.Equal(RefusalCode.NotFound, refused.Code);
    }

    [Fact]
    public void The_sweep_retires_what_has_ended_and_changes_nothing_otherwise()
    {
        var state = Certified(new ClusterCaState(), "op-1", "silo-1");

        Assert.Same(state, ClusterCaDecisions.Sweep(state, Now, TimeSpan.FromMinutes(1), "s"));

        var swept = ClusterCaDecisions.Sweep(state, Now + TimeSpan.FromHours(73), TimeSpan.FromMinutes(1), "s");
        Assert.Equal(IssuingCaState.Retired, Assert.Single(swept.IssuingCas).State);
        Assert.Empty(ClusterCaDecisions.Sweep(swept, Now + TimeSpan.FromDays(30), TimeSpan.FromMinutes(1), "s2").IssuingCas);
    }

    [Fact]
    public void A_hundred_thousand_short_lives_leave_a_bounded_list()
    {
        var state = new ClusterCaState();
        var now = Now;
        for (var i = 0; i < 2000; i++)
        {
            now += TimeSpan.FromMinutes(2);
            (state, _) = ClusterCaDecisions.Authorise(state, Request($"op-{i}"), $"key-{i}", 1000, now);
            state = ClusterCaDecisions.Activate(state, $"op-{i}", Certificate($"op-{i}") with { NotBefore = now, NotAfter = now + TimeSpan.FromSeconds(20) });
        }

        Assert.InRange(state.IssuingCas.Length, 1, 100);
        Assert.Equal("op-1999", state.IssuingCas[^1].OperationId);
    }

    private static IssuingCaRequest Request(string operationId, string silo = "silo-1", string incarnation = "run-1") =>
        new(operationId, silo, [], Now, [], [], incarnation, "");

    private static (ClusterCaState State, IssuingCaRecord Record) Authorise(ClusterCaState state, string operationId, int budget = 12) =>
        ClusterCaDecisions.Authorise(state, Request(operationId), $"key-{operationId}", budget, Now);

    private static ClusterCaState Certified(ClusterCaState state, string operationId, string silo) =>
        ClusterCaDecisions.Activate(ClusterCaDecisions.Authorise(state, Request(operationId, silo), $"key-{operationId}", 12, Now).State, operationId, Certificate(operationId));

    private static CertifiedIssuingCa Certificate(string operationId) =>
        new($"ca-{operationId}", "root", [1], Now, Now + TimeSpan.FromHours(72));
}
