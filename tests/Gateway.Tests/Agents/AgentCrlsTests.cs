using System.Diagnostics.Metrics;
using MeshGrains.Gateway.Agents;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Tests.Agents;

public sealed class AgentCrlsTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly RecordedLogs _logs = new();
    private readonly ServiceProvider _services;
    private readonly AgentCrls _crls;
    private int _changes;

    public AgentCrlsTests()
    {
        _services = new ServiceCollection().AddMetrics().AddLogging(logging => logging.AddProvider(_logs)).BuildServiceProvider();
        _crls = Crls(new FakeCrls());
        _crls.Changed += () => _changes++;
    }

    public void Dispose()
    {
        _crls.Dispose();
        _services.Dispose();
        _logs.Dispose();
    }

    [Fact]
    public void Agents_are_told_what_stands_and_again_only_when_a_list_is_another_or_ends()
    {
        Assert.Null(_crls.Current);
        CrlView[] lists = [List("a", 1), List("b", 1, hours: 1), List("ended", 1, hours: -1)];
        _crls.Take(lists);
        Assert.Equal((2, 1), (_crls.Current!.Crls.Count, _changes));

        var told = _crls.Current;
        _crls.Take([lists[1], lists[0]]);
        Assert.Same(told, _crls.Current);

        _crls.Take([List("a", 2), lists[1]]);
        Assert.Equal((2, 2), (_crls.Current.Crls.Count, _changes));
        _time.Advance(TimeSpan.FromHours(1));
        _crls.Take([List("a", 2, hours: 2), lists[1]]);
        Assert.Equal((1, 3), (_crls.Current.Crls.Count, _changes));
        _crls.Take([]);
        Assert.Equal((0, 4), (_crls.Current.Crls.Count, _changes));
    }

    [Fact]
    public void A_set_that_is_too_long_leaves_the_one_before_and_is_told_once()
    {
        _crls.Take([List("a", 1)]);
        var before = _crls.Current;
        CrlView[] tooMuch = [List("a", 2, bytes: AgentCrls.MaxBytes), List("b", 1, bytes: 1)];
        _crls.Take(tooMuch);
        _crls.Take(tooMuch);
        Assert.Same(before, _crls.Current);
        Assert.Single(_logs.Lines, line => line.Contains("more than agents are sent", StringComparison.Ordinal));

        _crls.Take([tooMuch[0]]);
        Assert.Equal(2, _changes);
    }

    [Fact]
    public void Where_no_lists_are_made_agents_hear_that_and_where_nobody_could_know_nothing()
    {
        using var off = Crls(new FakeCrls { IsOn = false });
        Assert.Empty(off.Current!.Crls);
        using var strange = Crls(null);
        Assert.Null(strange.Current);
    }

    [Fact]
    public async Task While_nobody_tells_lists_it_is_told_once_and_tried_again()
    {
        var source = new FakeCrls { IsAway = true };
        source.Set(List("a", 1));
        using var crls = Crls(source);
        await crls.StartAsync(CancellationToken.None);
        await UntilAsync(() => _time.ActiveTimers > 0);
        _time.Advance(TimeSpan.FromSeconds(3));
        await UntilAsync(() => _time.ActiveTimers > 0);
        Assert.Null(crls.Current);
        Assert.Single(_logs.Lines, line => line.Contains("are not known (Nobody knows.)", StringComparison.Ordinal));

        source.IsAway = false;
        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(3));
            return crls.Current is not null;
        });
        await crls.StopAsync(CancellationToken.None);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!holds())
        {
            await Task.Delay(5, patience.Token);
        }
    }

    private AgentCrls Crls(ICrlSource? source) => new(
        _services.GetRequiredService<IMeterFactory>(), new SystemRandomSource(), _time, _services.GetRequiredService<ILogger<AgentCrls>>(), source);

    private CrlView List(string authorityId, long number, int hours = 2, int bytes = 3) => FakeCrls.List(authorityId, number, _time.GetUtcNow().AddHours(hours), bytes);
}
