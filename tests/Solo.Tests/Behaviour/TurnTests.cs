using MeshGrains.Solo.Tests.Behaviour.Grains;
using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Solo.Tests.Behaviour;

public sealed class TurnTests(SharedHost host) : IClassFixture<SharedHost>
{
    private Probe Probe => host.Settings.Probe;

    private IGrainFactory Grains => host.Grains;

    private ITurnsGrain Ordinary(string key) => Grains.GetGrain<ITurnsGrain>(key, typeof(TurnsGrain).FullName);

    private ITurnsGrain Reentrant(string key) => Grains.GetGrain<ITurnsGrain>(key, typeof(ReentrantTurnsGrain).FullName);

    [Fact]
    public async Task A_request_waits_until_the_one_before_it_is_done()
    {
        var grain = Ordinary("one");
        var first = grain.Hold("a");
        await Probe.Marked("in:a");
        var second = grain.Hold("b");
        // Peek interleaves and came after b: had b been let in, it would have been by now.
        await grain.Peek();
        await grain.Peek();
        Assert.Equal(0, Probe.Marks("in:b"));

        Probe.Open("a");
        await Probe.Marked("in:b");
        Probe.Open("b");
        await Task.WhenAll(first, second);
    }

    [Fact]
    public async Task A_reentrant_grain_takes_requests_while_others_wait()
    {
        var grain = Reentrant("one");
        var both = new[] { grain.Hold("r1"), grain.Hold("r2") };
        await Probe.Marked("in:r1");
        await Probe.Marked("in:r2");
        Probe.Open("r1");
        Probe.Open("r2");
        await Task.WhenAll(both);
    }

    [Fact]
    public async Task A_call_that_always_interleaves_neither_waits_nor_is_waited_for()
    {
        var grain = Ordinary("aside");
        var aside = grain.HoldAside("x");
        await Probe.Marked("in:x");
        var ordinary = grain.Hold("y");
        await Probe.Marked("in:y");
        var another = grain.HoldAside("z");
        await Probe.Marked("in:z");
        Probe.Open("x");
        Probe.Open("y");
        Probe.Open("z");
        await Task.WhenAll(aside, ordinary, another);
    }

    [Fact]
    public async Task Reading_calls_run_together_and_a_writing_one_waits_for_them()
    {
        var grain = Ordinary("reading");
        var first = grain.HoldReading("rd1");
        var second = grain.HoldReading("rd2");
        await Probe.Marked("in:rd1");
        await Probe.Marked("in:rd2");
        var writing = grain.Hold("wr");
        await grain.Peek();
        await grain.Peek();
        Assert.Equal(0, Probe.Marks("in:wr"));
        Probe.Open("rd1");
        Probe.Open("rd2");
        await Probe.Marked("in:wr");
        Probe.Open("wr");
        await Task.WhenAll(first, second, writing);
    }

    [Fact]
    public async Task Turns_of_a_reentrant_grain_never_overlap()
    {
        var grain = Reentrant("busy");
        var counts = await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => grain.Add()));
        Assert.Equal(Enumerable.Range(1, 300), counts.Order());
    }

    [Fact]
    public async Task Calls_to_one_key_reach_one_activation()
    {
        var counts = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Ordinary("single").Add()));
        Assert.Equal(Enumerable.Range(1, 100), counts.Order());
    }

    [Fact]
    public async Task Awaits_in_a_grain_resume_in_its_own_turns() => Assert.True(await Ordinary("scheduler").StaysOnItsScheduler());

    [Fact]
    public async Task A_grain_calls_a_grain() => Assert.Equal("caller>callee", await Ordinary("caller").Through("callee"));

    [Fact]
    public async Task A_grain_gives_out_a_reference_to_itself()
    {
        var grain = Ordinary("self");
        var reference = await grain.Myself();
        Assert.Equal("self", reference.GetPrimaryKeyString());
        Assert.Equal(grain.GetGrainId(), reference.GetGrainId());
        Assert.Equal(grain, reference);
        Assert.Equal("self", await reference.Peek());
    }

    [Fact]
    public async Task A_grain_is_found_by_its_id()
    {
        var id = GrainId.Create("turns", "by-id");
        Assert.Equal("by-id", await Grains.GetGrain<ITurnsGrain>(id).Peek());
        Assert.Equal(id, GrainId.Parse("turns/by-id"));
    }

    [Fact]
    public async Task An_exception_reaches_the_caller_and_the_grain_lives_on()
    {
        var grain = Ordinary("failing");
        await grain.Add();
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => grain.Fail("no such thing"));
        Assert.Equal("no such thing", failure.Message);
        Assert.Equal(2, await grain.Add());
    }

    [Fact]
    public async Task A_one_way_call_returns_at_once_and_tells_of_no_failure()
    {
        await Ordinary("told").Tell("it");
        await Probe.Marked("told:it");
    }

    [Fact]
    public async Task A_cancelled_call_is_cancelled_for_the_caller_and_in_a_turn_of_the_grain()
    {
        using var source = new CancellationTokenSource();
        var call = Ordinary("cancelled").HoldUntilCancelled("c", source.Token);
        await Probe.Marked("in:c");
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Probe.Marked("cancelled:c");
    }

    [Fact]
    public async Task A_call_with_a_spent_token_does_not_run()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Ordinary("spent").HoldUntilCancelled("spent", new CancellationToken(true)));
        await Ordinary("spent").Peek();
        Assert.Equal(0, Probe.Marks("in:spent"));
    }

    [Fact]
    public async Task Async_locals_of_a_caller_do_not_travel()
    {
        TurnsGrainBase.Ambient.Value = "mine";
        Assert.Null(await Ordinary("ambient").AmbientValue());
    }

    [Fact]
    public async Task A_stateless_worker_serves_one_key_with_several_activations()
    {
        var worker = Grains.GetGrain<IWorkerGrain>("any");
        var both = new[] { worker.Hold("w1"), worker.Hold("w2") };
        await Probe.Marked("in:w1");
        await Probe.Marked("in:w2");
        Probe.Open("w1");
        Probe.Open("w2");
        await Task.WhenAll(both);
    }
}
