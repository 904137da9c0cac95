namespace MeshGrains.Grains.Tests;

public sealed class ReissueOrdersTests : IAsyncDisposable
{
    private readonly SiloParts _silo = new();
    private readonly ReissueOrders _orders;
    private int _changes;

    public ReissueOrdersTests()
    {
        _orders = new ReissueOrders(_silo.Denials, _silo.Issuers);
        _orders.Changed += () => _changes++;
    }

    public async ValueTask DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public async Task Whoever_hears_of_a_taint_finds_the_order_that_belongs_to_it()
    {
        IReadOnlyList<ReissueOrder>? heard = null;
        _silo.Denials.Changed += _ => heard = _orders.Current;
        Assert.Empty(_orders.Current);

        await TaintAsync("slow", 600);
        Assert.Equal([new ReissueOrder("slow", 600)], heard);

        // One that is replaced at once is told among the tainted ones.
        await TaintAsync("at-once", null);
        await TaintAsync("zero", 0);
        Assert.Equal([new ReissueOrder("slow", 600)], _orders.Current);
        Assert.Same(heard, _orders.Current);
    }

    [Fact]
    public async Task The_trust_domains_orders_stand_beside_them_and_the_shorter_time_holds()
    {
        await TaintAsync("both", 600);
        _orders.Show([new ReissueOrder("root", 30), new ReissueOrder("both", 60)]);
        Assert.Equal([new ReissueOrder("both", 60), new ReissueOrder("root", 30)], _orders.Current);
        Assert.Equal(1, _changes);

        _orders.Show([new ReissueOrder("root", 30), new ReissueOrder("both", 60)]);
        Assert.Equal(1, _changes);

        _orders.Show([]);
        Assert.Equal([new ReissueOrder("both", 600)], _orders.Current);
        Assert.Equal(2, _changes);
    }

    private Task TaintAsync(string authorityId, int? over)
    {
        _silo.Set = DenialDecisions.Add(_silo.Set, SiloParts.Denial(DenialKind.TaintedAuthority, authorityId) with { ReissueOverSeconds = over }, 1000);
        return _silo.PushAsync();
    }
}
