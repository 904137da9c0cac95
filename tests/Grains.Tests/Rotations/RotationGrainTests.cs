using System.Collections.Immutable;
using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

/// <summary>Rotations with real grains: one silo, one agent, one leaf of before, all of them told by hand.</summary>
public sealed class RotationGrainTests : IClassFixture<HostedGrains>
{
    private readonly HostedGrains _host;
    private readonly Ear _ear = new();
    private int _asked;

    public RotationGrainTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
        World.Rotation.Automatic = false;
        World.Rotation.LookEvery = TimeSpan.Zero;
        World.Rotation.Hold = TimeSpan.FromMinutes(10);
    }

    private GrainWorld World => _host.World;

    private string Name => World.TrustDomain.Name;

    private ITrustDomainGrain TrustDomain => _host.TrustDomain;

    private IRotationGrain Rotation => _host.Grains.GetGrain<IRotationGrain>(Name);

    [Fact]
    public async Task A_root_gives_way_step_by_step_and_each_step_names_whom_it_waits_for()
    {
        var first = await BeginAsync();
        await IssueLeafAsync(first);
        await AgentAsync(acknowledged: 1);

        await TrustDomain.StartRotationAsync(Start());
        await Rotation.TickAsync();
        var view = await TrustDomain.GetAsync();
        Assert.Equal((RotationPhase.Distribute, 2L, 2L), (view.Rotation!.Phase, view.BundleNumber, view.IssuersFrom));
        Assert.Equal([AuthorityState.Active, AuthorityState.Prepared], view.Authorities.Select(root => root.State));
        Assert.Equal(2, TrustBundles.Of(view).X509Authorities.Count);
        await WaitsForAsync(RotationGate.Silos, "silo-1 (bundle 1)");

        var second = await SwapAsync(bundle: 2);
        Assert.Equal(first.RootAuthorityId, second.RootAuthorityId);
        await WaitsForAsync(RotationGate.Agents, $"spiffe://{Name}/meshgrains/agent/one");
        await WaitsForAsync(RotationGate.Certificates, "1 live certificates");
        Assert.True(World.Log.IsSealed(first.AuthorityId));

        await AgentAsync(acknowledged: 2);
        await WaitsForAsync(RotationGate.Outside, "25");
        World.Clock.Advance(TimeSpan.FromMinutes(26));
        await WaitsForAsync(RotationGate.Certificates, "1 live certificates");
        World.Clock.Advance(TimeSpan.FromMinutes(60));
        await ConfirmAsync(2);
        await Rotation.TickAsync();

        view = await TrustDomain.GetAsync();
        Assert.Equal((RotationPhase.Activate, 3L), (view.Rotation!.Phase, view.BundleNumber));
        Assert.Equal([AuthorityState.Old, AuthorityState.Active], view.Authorities.Select(root => root.State));
        Assert.Equal(first.RootAuthorityId, view.ServingRootAuthorityId);
        var third = await SwapAsync(bundle: 3);
        Assert.Equal(view.Rotation.NextAuthorityId, third.RootAuthorityId);
        await IssueLeafAsync(third);
        await WaitsForAsync(RotationGate.Hold, "a rollback is possible");
        World.Clock.Advance(TimeSpan.FromMinutes(11));
        await ConfirmAsync(3);
        await Rotation.TickAsync();

        view = await TrustDomain.GetAsync();
        Assert.Equal(RotationPhase.Drain, view.Rotation!.Phase);
        Assert.Equal(first.RootAuthorityId, view.ServingRootAuthorityId);
        await ConfirmAsync(view.BundleNumber);
        await Rotation.TickAsync();
        Assert.True(World.Log.IsSealed(second.AuthorityId));
        Assert.False(World.Log.IsSealed(third.AuthorityId));

        view = await TrustDomain.GetAsync();
        Assert.Equal((RotationPhase.Retire, third.RootAuthorityId), (view.Rotation!.Phase, view.ServingRootAuthorityId));
        await ConfirmAsync(view.BundleNumber);
        await Rotation.TickAsync();

        view = await TrustDomain.GetAsync();
        Assert.Equal(RotationPhase.Done, view.Rotation!.Phase);
        Assert.Equal(third.RootAuthorityId, TrustBundleRoots(view).Single());
    }

    [Fact]
    public async Task An_activated_root_that_is_rolled_back_drains_through_the_same_gates()
    {
        var first = await BeginAsync();
        await TrustDomain.StartRotationAsync(Start());
        await Rotation.TickAsync();
        await SwapAsync(2);
        await ForceAsync("the drill does not wait");
        var next = await SwapAsync(3);
        Assert.NotEqual(first.RootAuthorityId, next.RootAuthorityId);
        await IssueLeafAsync(next);

        var rolled = await ChangeAsync(RotationChange.RollBack, "wrong curve");
        Assert.Equal((true, RotationPhase.Activate), (rolled.RolledBack, rolled.Phase));
        var view = await TrustDomain.GetAsync();
        Assert.Equal([AuthorityState.Active, AuthorityState.Old], view.Authorities.Select(root => root.State));
        var back = await SwapAsync(view.BundleNumber);
        Assert.Equal(first.RootAuthorityId, back.RootAuthorityId);
        await Rotation.TickAsync();
        view = await TrustDomain.GetAsync();
        Assert.Equal(RotationPhase.Drain, view.Rotation!.Phase);
        await ConfirmAsync(view.BundleNumber);
        await WaitsForAsync(RotationGate.Certificates, "1 live certificates");
        Assert.True(World.Log.IsSealed(next.AuthorityId));
        Assert.False(World.Log.IsSealed(back.AuthorityId));

        World.Clock.Advance(TimeSpan.FromMinutes(62));
        await ConfirmAsync(view.BundleNumber);
        await Rotation.TickAsync();
        await ConfirmAsync((await TrustDomain.GetAsync()).BundleNumber);
        await Rotation.TickAsync();
        view = await TrustDomain.GetAsync();
        Assert.Equal(RotationPhase.Done, view.Rotation!.Phase);
        Assert.Equal(first.RootAuthorityId, TrustBundleRoots(view).Single());
    }

    [Fact]
    public async Task The_status_waits_ten_seconds_for_what_does_not_answer_and_then_tells_the_last_look()
    {
        await IssueLeafAsync(await BeginAsync());
        await TrustDomain.StartRotationAsync(Start());
        await Rotation.TickAsync();
        await SwapAsync(bundle: 2);
        await WaitsForAsync(RotationGate.Certificates, "1 live certificates");
        var (asked, never) = (new TaskCompletionSource(), new TaskCompletionSource());
        World.Log.OnCount = () =>
        {
            asked.TrySetResult();
            return never.Task;
        };
        try
        {
            var status = Rotation.StatusAsync();
            await asked.Task;
            World.Clock.Advance(TimeSpan.FromSeconds(10));
            var told = await status;

            Assert.Contains("answered in time", told.Trouble, StringComparison.Ordinal);
            Assert.Equal(RotationPhase.Distribute, told.Rotation!.Phase);
            Assert.Contains(told.Gates, gate => gate.Name == RotationGate.Certificates && !gate.IsOpen);
        }
        finally
        {
            World.Log.OnCount = null;
            never.SetResult();
        }
    }

    [Fact]
    public async Task Before_it_signs_a_root_is_withdrawn_at_once_and_another_rotation_may_begin()
    {
        await BeginAsync();
        await TrustDomain.StartRotationAsync(Start());
        await Rotation.TickAsync();

        var rolled = await ChangeAsync(RotationChange.RollBack, "changed my mind");
        var view = await TrustDomain.GetAsync();

        Assert.Equal((RotationPhase.Done, true), (rolled.Phase, rolled.RolledBack));
        Assert.Equal(3, view.BundleNumber);
        Assert.Single(TrustBundleRoots(view));
        Assert.Contains(rolled.Events, happened => happened.Detail.Contains("may be destroyed", StringComparison.Ordinal));
        var again = await TrustDomain.StartRotationAsync(Start("again"));
        await Rotation.TickAsync();
        Assert.Equal(RotationPhase.Distribute, (await TrustDomain.GetAsync()).Rotation!.Phase);
        Assert.NotEqual(rolled.RotationId, again.RotationId);
    }

    [Fact]
    public async Task A_force_passes_the_shut_gates_of_one_phase_and_records_who_was_passed_by()
    {
        await BeginAsync();
        await AgentAsync(acknowledged: 1);
        await TrustDomain.StartRotationAsync(Start());
        await Rotation.TickAsync();
        await SwapAsync(2);

        var forced = await ForceAsync("agent one is in a sealed room");

        Assert.Equal(RotationPhase.Activate, forced.Phase);
        var record = Assert.Single(forced.Events, happened => happened.Kind == RotationEventKind.Forced);
        Assert.Equal("ops", record.Actor);
        Assert.Contains("agent one is in a sealed room", record.Detail, StringComparison.Ordinal);
        Assert.Contains($"spiffe://{Name}/meshgrains/agent/one", record.Detail, StringComparison.Ordinal);
        Assert.False(forced.ForcePending);
    }

    [Fact]
    public async Task A_pause_holds_open_gates_and_a_resume_lets_go()
    {
        await BeginAsync();
        await TrustDomain.StartRotationAsync(Start());
        await Rotation.TickAsync();
        await SwapAsync(2);
        await ChangeAsync(RotationChange.Pause, "freeze");
        World.Clock.Advance(TimeSpan.FromHours(2));
        await ConfirmAsync(2);
        await Rotation.TickAsync();
        World.Clock.Advance(TimeSpan.FromHours(2));
        await ConfirmAsync(2);
        await Rotation.TickAsync();
        Assert.Equal(RotationPhase.Distribute, (await TrustDomain.GetAsync()).Rotation!.Phase);

        await ChangeAsync(RotationChange.Resume, "thaw");
        await Rotation.TickAsync();

        Assert.Equal(RotationPhase.Activate, (await TrustDomain.GetAsync()).Rotation!.Phase);
    }

    [Fact]
    public async Task An_agent_whose_svid_has_ended_is_not_waited_for()
    {
        await BeginAsync();
        await AgentAsync(acknowledged: 1);
        await TrustDomain.StartRotationAsync(Start());
        await Rotation.TickAsync();
        await SwapAsync(2);
        await WaitsForAsync(RotationGate.Agents, "agent/one");

        World.Clock.Advance(TimeSpan.FromHours(2));
        await ConfirmAsync(2);
        await Rotation.TickAsync();

        Assert.Equal(RotationPhase.Activate, (await TrustDomain.GetAsync()).Rotation!.Phase);
    }

    [Fact]
    public async Task A_compromised_root_waits_for_nobody_longer_than_it_may()
    {
        await BeginAsync();
        await AgentAsync(acknowledged: 1);
        await TrustDomain.StartRotationAsync(Start() with { Compromised = true, ReissueOverSeconds = 60 });
        await Rotation.TickAsync();
        await SwapAsync(2);
        await Rotation.TickAsync();
        Assert.Equal(RotationPhase.Distribute, (await TrustDomain.GetAsync()).Rotation!.Phase);

        World.Clock.Advance(World.Rotation.CompromisedWithin);
        await ConfirmAsync(2);
        await Rotation.TickAsync();

        var rotation = (await TrustDomain.GetAsync()).Rotation!;
        Assert.Equal(RotationPhase.Activate, rotation.Phase);
        Assert.Contains(rotation.Events, happened => happened.Kind == RotationEventKind.DeadlinePassed && happened.Detail.Contains("agent/one", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whatever_step_fails_a_rotation_makes_one_key_and_one_root()
    {
        await RunAsync(0, false);
        var steps = World.Faults.Steps.Count;
        Assert.InRange(steps, 8, 40);
        for (var step = 1; step <= steps; step++)
        {
            foreach (var after in new[] { false, true })
            {
                _host.Fresh();
                await RunAsync(step, after);
            }
        }

        async Task RunAsync(int step, bool after)
        {
            await TrustDomain.EnsureAsync(World.Ensure());
            World.Faults.Reset();
            if (step > 0)
            {
                World.Faults.FailStep(step, after);
            }

            await HostedGrains.RetryAsync(() => TrustDomain.StartRotationAsync(Start()));
            var prepared = await HostedGrains.RetryAsync(TrustDomain.PrepareRotationAsync);
            var view = await HostedGrains.RetryAsync(TrustDomain.GetAsync);
            Assert.Equal(RotationPhase.Distribute, prepared!.Phase);
            Assert.Equal(2, view.Authorities.Length);
            Assert.Equal(2, World.Keys.Made.Count(key => key.Name.StartsWith($"meshgrains-root-{Name.Replace('.', '-')}-", StringComparison.Ordinal)));
            Assert.Equal(2, view.BundleNumber);
        }
    }

    [Fact]
    public async Task A_second_rotation_a_foreign_one_and_a_late_rollback_are_refused_in_words()
    {
        await BeginAsync();
        await Refused("no_rotation", () => ChangeAsync(RotationChange.Pause, "nothing there"));
        await TrustDomain.StartRotationAsync(Start());
        await Refused("root_in_making", () => ChangeAsync(RotationChange.Force, "too early"));
        await Rotation.TickAsync();
        await Refused("rotation_running", () => TrustDomain.StartRotationAsync(Start("second")));
        await Refused("another_rotation", () => TrustDomain.ChangeRotationAsync(new ChangeRotation("op", "no-such", RotationChange.Pause, "r", "ops")));
        Assert.Equal("rotate", (await TrustDomain.StartRotationAsync(Start())).RotationId);
        await SwapAsync(2);
        await ForceAsync("on");
        await SwapAsync(3);
        await ForceAsync("on");
        await Refused("drain_began", () => ChangeAsync(RotationChange.RollBack, "too late"));

        static async Task Refused(string reason, Func<Task> call) =>
            Assert.Equal(reason, (await Assert.ThrowsAsync<GrainOperationException>(call)).Reason);
    }

    private static StartRotation Start(string operationId = "rotate") =>
        new(operationId, "EcdsaP256", (long)TimeSpan.FromDays(3650).TotalSeconds, false, false, 0, "yearly", "ops");

    private static ImmutableArray<string> TrustBundleRoots(TrustDomainView view) =>
        [.. TrustBundles.Of(view).X509Authorities.Select(root => root.AuthorityId)];

    private async Task<CertifiedIssuingCa> BeginAsync()
    {
        await TrustDomain.EnsureAsync(World.Ensure());
        return await SwapAsync(1);
    }

    /// <summary>The silo takes a new issuing CA, and confirms.</summary>
    private async Task<CertifiedIssuingCa> SwapAsync(long bundle)
    {
        var certified = await _host.ClusterCa.RequestAsync(World.Request($"ca-{++_asked}"));
        Assert.Equal(bundle, certified.BundleNumber);
        await ConfirmAsync(bundle);
        return certified;
    }

    private Task ConfirmAsync(long bundle) => _host.Denials.ConfirmLeaseAsync(
        new DenialConfirmation("silo-1", "run-1", 0, (long)World.DenialOptions.Lease.TotalMilliseconds, bundle),
        _host.Grains.CreateObjectReference<IDenialObserver>(_ear));

    private async Task AgentAsync(long acknowledged)
    {
        var (agent, now) = ($"spiffe://{Name}/meshgrains/agent/one", World.Clock.GetUtcNow());
        var roster = _host.Grains.GetGrain<IAgentRosterGrain>(AgentRosterShards.Key(Name, AgentRosterShards.Of(agent)));
        var known = await roster.FindAsync(agent);
        if (known is null)
        {
            await roster.IssuedAsync([new AgentIssue(agent, "join_token", "0a", now + TimeSpan.FromHours(1), now, false)]);
            known = await roster.FindAsync(agent);
        }

        await roster.ReportAsync([new AgentSighting(agent, "silo-1", true, "0a", known!.NotAfter, known.AttestedAt, "127.0.0.1", now, "1", acknowledged, "", 0, 0)]);
    }

    private ValueTask IssueLeafAsync(CertifiedIssuingCa issuer)
    {
        var now = World.Clock.GetUtcNow();
        return World.Log.AppendAsync(
            new IssuanceRecord(
                IssuanceRecordKind.X509Svid, Name, $"leaf-{Name}-{issuer.AuthorityId}", $"spiffe://{Name}/web", issuer.AuthorityId, now, now + TimeSpan.FromHours(1),
                "r", "c", "e", now, issuer.BundleNumber, default, now),
            default);
    }

    private Task<RotationView> ChangeAsync(RotationChange change, string reason) =>
        TrustDomain.ChangeRotationAsync(new ChangeRotation($"change-{++_asked}", "", change, reason, "ops"));

    private async Task<RotationView> ForceAsync(string reason)
    {
        await ChangeAsync(RotationChange.Force, reason);
        await Rotation.TickAsync();
        return (await TrustDomain.GetAsync()).Rotation!;
    }

    /// <summary>A look moves nothing, and the status says why.</summary>
    private async Task WaitsForAsync(string gate, string told)
    {
        var before = (await TrustDomain.GetAsync()).Rotation!.Phase;
        await Rotation.TickAsync();
        var status = await Rotation.StatusAsync();
        Assert.Equal(before, status.Rotation!.Phase);
        var shut = Assert.Single(status.Gates, one => one.Name == gate);
        Assert.False(shut.IsOpen, shut.Detail);
        Assert.Contains(told, $"{string.Join(' ', shut.Names)} {shut.Detail}", StringComparison.Ordinal);
    }

    private sealed class Ear : IDenialObserver
    {
        public Task ChangedAsync(DenialSet set) => Task.CompletedTask;

        public Task BundleChangedAsync(long bundleNumber) => Task.CompletedTask;
    }
}
