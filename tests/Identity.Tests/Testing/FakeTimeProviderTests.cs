using MeshGrains.Testing;

namespace MeshGrains.Identity.Tests;

/// <summary>The clock that every other test suite trusts.</summary>
public sealed class FakeTimeProviderTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Timers_fire_in_order_at_their_own_instants()
    {
        var (start, fired) = (_time.GetUtcNow(), new List<(string, TimeSpan)>());
        void Note(object? name) => fired.Add(((string)name!, _time.GetUtcNow() - start));
        using var late = _time.CreateTimer(Note, "late", TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        using var periodic = _time.CreateTimer(Note, "periodic", TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(fired);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([("periodic", TimeSpan.FromSeconds(2)), ("periodic", TimeSpan.FromSeconds(4)), ("late", TimeSpan.FromSeconds(5)), ("periodic", TimeSpan.FromSeconds(6))], fired);
        Assert.Equal(start.AddSeconds(6), _time.GetUtcNow());
        Assert.Equal(1, _time.ActiveTimers);
    }

    [Fact]
    public void A_disposed_or_changed_timer_keeps_to_it()
    {
        var fired = 0;
        var timer = _time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        Assert.True(timer.Change(TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal((0, TimeSpan.FromSeconds(1)), (fired, _time.UntilNextTimer));
        timer.Dispose();
        Assert.False(timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(0, fired);
    }

    [Fact]
    public async Task Delays_of_the_base_library_end_when_time_has_passed()
    {
        var delay = Task.Delay(TimeSpan.FromMinutes(5), _time);
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.False(delay.IsCompleted);
        _time.Advance(TimeSpan.FromMinutes(1));
        await delay;
    }

    [Fact]
    public void A_jump_of_the_wall_clock_moves_no_timer()
    {
        var stamp = _time.GetTimestamp();
        _time.SetUtcNow(_time.GetUtcNow().AddDays(1));
        Assert.Equal(stamp, _time.GetTimestamp());
    }
}
