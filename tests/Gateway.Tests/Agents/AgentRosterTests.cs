using MeshGrains.Gateway.Agents;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Tests.Agents;

public sealed class AgentRosterTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeAgents _directory = new();
    private readonly FakeIssuance _issuer = new(TestCa.Create());
    private readonly Life _life = new();
    private readonly AgentsOptions _options = new() { MaxStreams = 3 };
    private readonly AgentRoster _roster;

    public AgentRosterTests() => _roster = new AgentRoster(
        _directory, _issuer, new FakeReissues(), Options.Create(_options), Options.Create(new GatewayOptions { DrainDelay = TimeSpan.FromSeconds(10) }), new SystemRandomSource(), _time, _life);

    public void Dispose()
    {
        _roster.Dispose();
        _life.Dispose();
    }

    [Fact]
    public void As_many_agents_as_may_be_find_a_place_and_a_place_that_is_left_is_free()
    {
        var agents = Enumerable.Range(0, 3).Select(Enter).ToList();
        Assert.All(agents, Assert.NotNull);
        Assert.Null(Enter(3));

        _roster.Leave(agents[0]!);
        _roster.Leave(agents[0]!);
        Assert.Equal(2, _roster.Count);
        Assert.NotNull(Enter(3));
        Assert.Null(Enter(4));
    }

    [Fact]
    public void A_later_stream_of_an_agent_takes_the_earlier_ones_place_also_when_all_are_taken()
    {
        var agents = Enumerable.Range(0, 3).Select(Enter).ToList();
        var later = Enter(1);

        Assert.NotNull(later);
        Assert.True(agents[1]!.IsReplaced && agents[1]!.Ended.IsCancellationRequested);
        Assert.Same(later, _roster.Find(agents[1]!.Standing.AgentId));

        // The earlier one's end takes nothing from the later one.
        _roster.Leave(agents[1]!);
        Assert.Same(later, _roster.Find(agents[1]!.Standing.AgentId));
        Assert.Equal(3, _roster.Count);
    }

    [Fact]
    public void A_change_of_entries_wakes_the_agent_that_it_concerns_and_no_other()
    {
        var (one, two) = (Enter(1)!, Enter(2)!);
        Clear(one, two);

        _directory.Change(one.Standing.AgentId);

        Assert.True(one.TryTakeWake());
        Assert.True(one.TakeEntriesDirty());
        Assert.NotNull(one.TakeChangedAt());
        Assert.False(two.TryTakeWake());
    }

    [Fact]
    public void Denials_and_a_new_issuer_wake_all_and_no_entries_are_read_for_them()
    {
        var (one, two) = (Enter(1)!, Enter(2)!);
        foreach (var signal in new Action[] { _directory.ChangeDenials, _issuer.RaiseIssuerChanged })
        {
            Clear(one, two);
            signal();
            foreach (var agent in new[] { one, two })
            {
                Assert.True(agent.TryTakeWake());
                Assert.False(agent.TakeEntriesDirty());
            }
        }
    }

    [Fact]
    public void Where_nobody_can_tell_whose_entries_changed_all_are_read_again_spread_over_a_time()
    {
        _options.MaxStreams = 1000;
        var agents = Enumerable.Range(0, 200).Select(number => Enter(number)!).ToArray();
        Clear(agents);

        _directory.Change(null);
        var counts = new List<int>();
        for (var second = 0; second < 21; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            var woken = 0;
            foreach (var agent in agents)
            {
                woken += agent.TryTakeWake() && agent.TakeEntriesDirty() ? 1 : 0;
            }

            counts.Add(woken);
        }

        Assert.Equal(200, counts.Sum());
        Assert.All(counts, count => Assert.InRange(count, 0, 60));
    }

    [Fact]
    public void Entries_are_read_again_when_their_time_has_come()
    {
        var agent = Enter(1)!;
        Clear(agent);
        agent.RereadAt(_roster.NextReread());

        _time.Advance(_options.Reread * 0.79);
        Assert.False(agent.TryTakeWake());
        _time.Advance(_options.Reread * 0.42);
        Assert.True(agent.TryTakeWake());
        Assert.True(agent.TakeEntriesDirty());

        // Brought forward, never put back.
        agent.RereadAt(_roster.NextReread());
        agent.RereadBy(_roster.After(TimeSpan.FromSeconds(5)));
        agent.RereadBy(_roster.After(TimeSpan.FromSeconds(500)));
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.True(agent.TryTakeWake());
    }

    [Fact]
    public void A_process_that_stops_ends_its_streams_spread_over_the_drain()
    {
        _options.MaxStreams = 1000;
        var agents = Enumerable.Range(0, 200).Select(number => Enter(number)!).ToList();

        _life.Stop();
        Assert.True(_roster.IsDraining);
        var ended = new List<int>();
        for (var second = 0; second < 10; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            ended.Add(agents.Count(agent => agent.Ended.IsCancellationRequested));
        }

        Assert.InRange(ended[0], 1, 80);
        Assert.InRange(ended[3], 40, 160);
        Assert.Equal(200, ended[8]);
        Assert.DoesNotContain(agents, agent => agent.IsReplaced);
    }

    private AgentConnection? Enter(int number)
    {
        var agent = new AgentConnection(new AgentStanding($"spiffe://mesh.test/meshgrains/agent/n{number}", "e", default, null), "192.0.2.1", _time.GetUtcNow());
        return _roster.TryEnter(agent) ? agent : null;
    }

    private static void Clear(params AgentConnection[] agents)
    {
        foreach (var agent in agents)
        {
            agent.TakeEntriesDirty();
            agent.TakeChangedAt();
        }
    }

    private sealed class Life : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource _stopping = new();

        public CancellationToken ApplicationStarted => default;

        public CancellationToken ApplicationStopping => _stopping.Token;

        public CancellationToken ApplicationStopped => default;

        public void Stop() => _stopping.Cancel();

        public void StopApplication() => Stop();

        public void Dispose() => _stopping.Dispose();
    }
}
