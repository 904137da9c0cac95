using MeshGrains.Solo.Tests.Behaviour.Grains;
using MeshGrains.Testing;
using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour;

public sealed class TimerTests : IAsyncLifetime
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly FakeTimeProvider _clock = new();
    private readonly HostSettings _settings;
    private GrainHost? _host;

    public TimerTests() => _settings = new() { Clock = _clock };

    private Probe Probe => _settings.Probe;

    public async Task InitializeAsync() => _host = await GrainHost.StartAsync(_settings);

    public async Task DisposeAsync() => await _host!.DisposeAsync();

    [Fact]
    public async Task A_timer_ticks_when_due_and_then_by_its_period()
    {
        await Timer("t").Start("", 10 * Second, 5 * Second);
        _clock.Advance(9 * Second);
        await Timer("t").Change(1 * Second, 5 * Second);
        Assert.Equal(0, Probe.Marks("tick:t"));
        _clock.Advance(1 * Second);
        await Probe.Marked("tick:t");
        await _clock.AdvanceUntil(Second, Probe.Marked("tick:t", 4));
    }

    [Fact]
    public async Task A_timer_without_period_ticks_once()
    {
        await Timer("once").Start("", Second, Timeout.InfiniteTimeSpan);
        await Timer("beside").Start("", Second, Second);
        await _clock.AdvanceUntil(Second, Probe.Marked("tick:beside", 10));
        Assert.Equal(1, Probe.Marks("tick:once"));
    }

    [Fact]
    public async Task The_period_counts_from_the_end_of_a_tick()
    {
        await Timer("held").Start("hold", Second, Second, interleave: true);
        _clock.Advance(Second);
        await Probe.Marked("tick:held");
        await Timer("beside").Start("", Second, Second);
        await _clock.AdvanceUntil(Second, Probe.Marked("tick:beside", 5));
        Assert.Equal(1, Probe.Marks("tick:held"));
        Probe.Open("hold:held");
        await _clock.AdvanceUntil(Second, Probe.Marked("tick:held", 3));
    }

    [Fact]
    public async Task A_tick_that_throws_does_not_stop_the_timer()
    {
        await Timer("throwing").Start("throw", Second, Second);
        await _clock.AdvanceUntil(Second, Probe.Marked("tick:throwing", 3));
    }

    [Fact]
    public async Task A_tick_waits_for_its_turn_unless_it_interleaves()
    {
        await Timer("waits").Start("", Second, Second);
        await Timer("meets").Start("", Second, Second, interleave: true);
        var held = new[] { Timer("waits").Hold("gate"), Timer("meets").Hold("gate") };
        await Probe.Marked("in:gate", 2);
        await _clock.AdvanceUntil(Second, Probe.Marked("tick:meets", 3));
        Assert.Equal(0, Probe.Marks("tick:waits"));
        Probe.Open("gate");
        await Task.WhenAll(held);
        await Probe.Marked("tick:waits");
    }

    [Fact]
    public async Task A_disposed_timer_is_silent()
    {
        await Timer("silent").Start("", Second, Second);
        await Timer("beside").Start("", Second, Second);
        await Timer("silent").Stop();
        await _clock.AdvanceUntil(Second, Probe.Marked("tick:beside", 5));
        Assert.Equal(0, Probe.Marks("tick:silent"));
    }

    [Fact]
    public async Task Timers_end_with_their_activation()
    {
        await Timer("ends").Start("await the end", Second, Second, interleave: true);
        await _clock.AdvanceUntil(Second, Probe.Marked("tick:ends"));
        await Timer("ends").Stop();
        await Probe.Marked("ended:ends");
        await Timer("ends").Start("", Second, Second);
        await Timer("ends").Leave();
        await Probe.Marked("inactive:ends");
        await Timer("beside").Start("", Second, Second);
        await _clock.AdvanceUntil(Second, Probe.Marked("tick:beside", 5));
        Assert.Equal(1, Probe.Marks("tick:ends"));
    }

    [Fact]
    public async Task A_tick_that_finds_its_state_stale_ends_the_activation()
    {
        await Timer("stale").Start("stale", Second, Second);
        await _clock.AdvanceUntil(Second, Probe.Marked("inactive:stale"));
    }

    [Fact]
    public async Task Ticks_keep_an_activation_only_where_they_are_asked_to()
    {
        var settings = new HostSettings { CollectionAge = TimeSpan.FromSeconds(2) };
        await using var own = await GrainHost.StartAsync(settings);
        await own.Grains.GetGrain<ITimerGrain>("kept").Start("", Second / 4, Second / 4, keepAlive: true);
        await own.Grains.GetGrain<ITimerGrain>("idle").Start("", Second / 4, Second / 4);
        await settings.Probe.Marked("inactive:idle");
        Assert.Equal(0, settings.Probe.Marks("inactive:kept"));
        Assert.NotEqual(0, settings.Probe.Marks("tick:idle"));
    }

    private ITimerGrain Timer(string key) => _host!.Grains.GetGrain<ITimerGrain>(key);
}
