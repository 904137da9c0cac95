using MeshGrains.Agent.Domains;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Tests.Domains;

public sealed class NodeStateTests : IDisposable
{
    private readonly DomainStage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Fact]
    public void A_change_in_any_trust_domain_makes_one_new_snapshot_and_leaves_the_others_as_they_were()
    {
        var before = _stage.Node.Current;
        _stage.Entry(_stage.New, "web");
        var after = _stage.Node.Current;

        Assert.True(before.Changed.IsCompleted);
        Assert.False(after.Changed.IsCompleted);
        Assert.Same(before.Domains[0], after.Domains[0]);
        Assert.Same(_stage.New.State.Current, after.Domains[1]);
        Assert.Null(after.Find("third.mesh"));
    }

    [Fact]
    public async Task Changes_from_many_sides_at_once_end_in_the_newest_of_each()
    {
        await Task.WhenAll(new[] { _stage.Old, _stage.New }.Select(domain => Task.Run(() =>
        {
            for (var i = 0; i < 300; i++)
            {
                domain.State.Apply(new AgentUpdate { DenialNumber = i });
            }
        })));

        Assert.Equal([299, 299], _stage.Node.Current.Domains.Select(domain => domain.DenialNumber));
    }

    [Fact]
    public void A_stream_holds_up_the_trust_domains_alone_whose_bundles_it_was_given()
    {
        _stage.Entry(_stage.Old, "web");
        using var consumer = new NodeConsumer(_stage.Node);
        consumer.Give(_stage.Node.Current, _stage.View);
        var given = _stage.Node.Current;
        _stage.Old.State.Apply(new AgentUpdate { Bundles = { _stage.OldCa.Wire(2) } });
        _stage.New.State.Apply(new AgentUpdate { Bundles = { _stage.NewCa.Wire(2) } });
        Assert.Equal((1, 0), (_stage.Old.Consumers.Count, _stage.New.Consumers.Count));
        Assert.Equal((0, 2), (_stage.Old.Consumers.Lowest(2), _stage.New.Consumers.Lowest(2)));

        _stage.Entry(_stage.New, "web");
        consumer.Give(_stage.Node.Current, _stage.View);
        consumer.Confirm(given);
        Assert.Equal((0, 2), (_stage.Old.Consumers.Lowest(2), _stage.New.Consumers.Lowest(2)));
        consumer.Confirm(_stage.Node.Current);
        Assert.Equal((2, 2), (_stage.Old.Consumers.Lowest(2), _stage.New.Consumers.Lowest(2)));

        consumer.Dispose();
        consumer.Give(_stage.Node.Current, _stage.View);
        Assert.Equal((0, 0), (_stage.Old.Consumers.Count, _stage.New.Consumers.Count));
    }
}
