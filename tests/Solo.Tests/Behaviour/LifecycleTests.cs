using MeshGrains.Solo.Tests.Behaviour.Grains;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace MeshGrains.Solo.Tests.Behaviour;

public sealed class LifecycleTests(SharedHost host) : IClassFixture<SharedHost>
{
    private Probe Probe => host.Settings.Probe;

    private ITallyGrain Tally(string key) => host.Grains.GetGrain<ITallyGrain>(key);

    [Fact]
    public async Task A_record_that_was_never_written_is_an_empty_state() => Assert.Equal((0, false), await Tally("new").Read());

    [Fact]
    public async Task State_outlives_its_activation()
    {
        var grain = Tally("kept");
        await grain.Add(3);
        var first = await grain.Activation();
        await grain.Leave();
        await Probe.Marked("inactive:kept");
        Assert.Equal((3, true), await grain.Read());
        Assert.NotEqual(first, await grain.Activation());
        Assert.Contains("kept: ApplicationRequested", Probe.Log);
        await Probe.Marked("disposed:kept");
    }

    [Fact]
    public async Task A_cleared_record_can_be_written_again()
    {
        var grain = Tally("cleared");
        await grain.Add(3);
        await grain.Clear();
        await grain.Leave();
        Assert.Equal((0, false), await grain.Read());
        Assert.Equal(1, await grain.Add(1));
    }

    [Fact]
    public async Task Writes_of_one_turn_do_not_conflict_and_become_fewer()
    {
        var before = host.Settings.Storage.Writes;
        Assert.Equal(3, await Tally("thrice").AddThrice());
        Assert.True(host.Settings.Storage.Writes - before < 3);
        await Tally("thrice").Leave();
        Assert.Equal((3, true), await Tally("thrice").Read());
    }

    [Fact]
    public async Task State_is_refused_outside_the_turns_of_its_grain() => Assert.True(await Tally("elsewhere").StateIsRefusedOutsideTurns());

    [Fact]
    public async Task Requests_that_wait_while_an_activation_ends_reach_the_next_one()
    {
        var grain = Tally("leaving");
        var first = await grain.Activation();
        var leaving = grain.LeaveAfter("leaving-gate");
        await Probe.Marked("in:leaving-gate");
        var waiting = Enumerable.Range(0, 20).Select(_ => grain.Activation()).ToArray();
        Probe.Open("leaving-gate");
        await leaving;
        var served = await Task.WhenAll(waiting);
        Assert.Single(served.Distinct());
        Assert.NotEqual(first, served[0]);
    }

    [Fact]
    public async Task A_failing_activation_fails_the_call_and_leaves_nothing()
    {
        Probe.Break("broken");
        var calls = Enumerable.Range(0, 5).Select(_ => Tally("broken").Activation()).ToArray();
        foreach (var call in calls)
        {
            var failure = await Assert.ThrowsAsync<ArgumentException>(() => call);
            Assert.Equal("This one cannot start.", failure.Message);
        }

        Assert.DoesNotContain(Probe.Log, entry => entry.StartsWith("broken:", StringComparison.Ordinal));
        Probe.Mend("broken");
        Assert.Equal(1, await Tally("broken").Add(1));
    }

    [Fact]
    public async Task An_unreadable_record_fails_the_call_with_the_stores_own_failure_inside()
    {
        host.Settings.Storage.Unreadable["unreadable"] = 1;
        var failure = await Assert.ThrowsAsync<OrleansException>(() => Tally("unreadable").Activation());
        Assert.IsType<IOException>(failure.InnerException);
        host.Settings.Storage.Unreadable.Clear();
        Assert.Equal((0, false), await Tally("unreadable").Read());
    }

    [Fact]
    public async Task A_stale_write_reaches_the_caller_and_ends_the_activation()
    {
        var grain = Tally("stale");
        await grain.Add(1);
        var first = await grain.Activation();
        host.Settings.Storage.Touch("tally", GrainId.Create("tally", "stale"));
        var failure = await Assert.ThrowsAsync<InconsistentStateException>(() => grain.Add(1));
        Assert.Equal("2", failure.StoredEtag);
        Assert.Equal("1", failure.CurrentEtag);
        Assert.NotEqual(first, await grain.Activation());
        Assert.Equal((1, true), await grain.Read());
    }

    [Fact]
    public async Task A_stale_write_does_not_end_the_grain_that_called()
    {
        await Tally("stale-callee").Add(1);
        var caller = await Tally("caller").Activation();
        host.Settings.Storage.Touch("tally", GrainId.Create("tally", "stale-callee"));
        await Assert.ThrowsAsync<InconsistentStateException>(() => Tally("caller").AddThrough("stale-callee"));
        Assert.Equal(caller, await Tally("caller").Activation());
    }

    [Fact]
    public async Task An_exception_of_the_applications_own_arrives_whole()
    {
        var failure = await Assert.ThrowsAsync<TallyRefusedException>(() => Tally("refusing").Refuse(7));
        Assert.Equal("Too much.", failure.Message);
        Assert.Equal(7, failure.Limit);
    }

    [Fact]
    public async Task An_unused_activation_is_collected_and_a_used_one_is_not()
    {
        var settings = new HostSettings { CollectionAge = TimeSpan.FromSeconds(2) };
        await using var own = await GrainHost.StartAsync(settings);
        var used = own.Grains.GetGrain<ITallyGrain>("used");
        await own.Grains.GetGrain<ITallyGrain>("unused").Activation();
        var first = await used.Activation();
        var collected = settings.Probe.Marked("inactive:unused");
        while (!collected.IsCompleted)
        {
            Assert.Equal(first, await used.Activation());
            await Task.WhenAny(collected, Task.Delay(100));
        }

        await collected;
        Assert.Contains("unused: ActivationIdle", settings.Probe.Log);
    }

    [Fact]
    public async Task Stopping_the_host_deactivates_every_grain()
    {
        var settings = new HostSettings();
        await using (var own = await GrainHost.StartAsync(settings))
        {
            await Task.WhenAll(Enumerable.Range(0, 50).Select(key => own.Grains.GetGrain<ITallyGrain>($"g{key}").Add(1)));
        }

        Assert.Equal(50, settings.Probe.Log.Count(entry => entry.EndsWith(": ShuttingDown", StringComparison.Ordinal)));
    }
}
