using MeshGrains.Agent.Svids;

namespace MeshGrains.Agent.Tests;

public sealed class BundleConsumersTests
{
    private readonly BundleConsumers _consumers = new();
    private int _changes;

    public BundleConsumersTests() => _consumers.Changed += () => _changes++;

    [Fact]
    public void Without_consumers_the_agents_own_number_counts() => Assert.Equal(7, _consumers.Lowest(7));

    [Fact]
    public void The_lowest_that_a_consumer_holds_counts_and_never_more_than_the_agents_own()
    {
        using var first = _consumers.Join(3);
        using var second = _consumers.Join(5);
        Assert.Equal((3, 2), (_consumers.Lowest(5), _consumers.Count));

        first.Confirm(6);
        Assert.Equal(5, _consumers.Lowest(9));
        second.Confirm(8);
        Assert.Equal(6, _consumers.Lowest(9));
        Assert.Equal(4, _consumers.Lowest(4));
    }

    [Fact]
    public void A_lower_number_than_before_is_passed_over_and_a_consumer_that_leaves_holds_nothing_back()
    {
        var slow = _consumers.Join(1);
        using var quick = _consumers.Join(4);
        quick.Confirm(2);
        Assert.Equal((4, 0), (quick.Confirmed, _changes));

        slow.Dispose();
        Assert.Equal((4, 1, 1), (_consumers.Lowest(4), _consumers.Count, _changes));
        slow.Dispose();
        Assert.Equal(1, _consumers.Count);
    }

    [Fact]
    public void Each_confirmation_of_a_higher_number_is_told()
    {
        using var consumer = _consumers.Join(1);
        consumer.Confirm(2);
        consumer.Confirm(2);
        consumer.Confirm(3);

        Assert.Equal(2, _changes);
    }
}
