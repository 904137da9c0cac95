using MeshGrains.Solo.Tests.Behaviour.Grains;
using MeshGrains.Testing;
using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour;

public sealed class ReminderTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly FakeTimeProvider _clock = new();
    private readonly HostSettings _settings;

    public ReminderTests() => _settings = new() { Clock = _clock };

    private Probe Probe => _settings.Probe;

    [Fact]
    public async Task A_reminder_ticks_by_its_period_and_a_failing_one_goes_on()
    {
        await using var host = await GrainHost.StartAsync(_settings);
        await Reminders(host, "r").Register("tick", 2 * Minute, 3 * Minute);
        await Reminders(host, "r").Register("throw", Minute, Minute);
        await _clock.AdvanceUntil(Minute / 2, Probe.Marked("reminded:r:tick", 3));
        await _clock.AdvanceUntil(Minute / 2, Probe.Marked("reminded:r:throw", 3));
        Assert.Contains("tick 2030-01-01 00:02:00Z 00:03:00", Probe.Log);
    }

    [Fact]
    public async Task A_reminder_outlives_the_host_and_missed_ticks_are_not_made_up_for()
    {
        await using (var first = await GrainHost.StartAsync(_settings))
        {
            await Reminders(first, "kept").Register("tick", Minute, Minute);
        }

        _clock.Advance(100 * Minute);
        await using var second = await GrainHost.StartAsync(_settings);
        await _clock.AdvanceUntil(Minute / 2, Probe.Marked("reminded:kept:tick", 2));
        Assert.InRange(Probe.Marks("reminded:kept:tick"), 2, 5);
    }

    [Fact]
    public async Task An_unregistered_reminder_is_silent_and_gone_from_the_table()
    {
        await using var host = await GrainHost.StartAsync(_settings);
        var grain = Reminders(host, "silent");
        await grain.Register("tick", Minute, Minute);
        await grain.Register("other", Minute, Minute);
        Assert.Equal(["other", "tick"], await grain.Names());
        await grain.Unregister("tick");
        Assert.Equal(["other"], await grain.Names());
        await _clock.AdvanceUntil(Minute / 2, Probe.Marked("reminded:silent:other", 3));
        Assert.Equal(0, Probe.Marks("reminded:silent:tick"));
        Assert.Equal(1, _settings.Reminders.Count);
    }

    [Fact]
    public async Task A_period_under_a_minute_is_refused()
    {
        await using var host = await GrainHost.StartAsync(_settings);
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Reminders(host, "fast").Register("tick", Minute, TimeSpan.FromSeconds(59)));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Reminders(host, "fast").Register("tick", -Minute, Minute));
        Assert.Equal(0, _settings.Reminders.Count);
    }

    private static IReminderGrain Reminders(GrainHost host, string key) => host.Grains.GetGrain<IReminderGrain>(key);
}
