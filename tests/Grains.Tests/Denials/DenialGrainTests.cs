using System.Collections.Concurrent;
using Orleans;

namespace MeshGrains.Grains.Tests;

public sealed class DenialGrainTests : IClassFixture<HostedGrains>
{
    private readonly HostedGrains _host;

    public DenialGrainTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
    }

    private GrainWorld World => _host.World;

    private string Name => World.TrustDomain.Name;

    [Fact]
    public async Task Writers_at_once_get_numbers_of_their_own_and_every_denial_stands()
    {
        var receipts = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => _host.Denials.AddAsync(Quarantine(i))));

        Assert.Equal(Enumerable.Range(1, 20).Select(i => (long)i), receipts.Select(receipt => receipt.Number).Order());
        Assert.Equal(20, World.Denials.Stored(Name).Denials.Length);
    }

    [Fact]
    public async Task A_writer_elsewhere_who_is_faster_costs_another_attempt_and_loses_nothing()
    {
        var faster = 3;
        World.Denials.BeforeWrite = (store, trustDomain) =>
        {
            if (trustDomain == Name && faster-- > 0)
            {
                store.Force(Name, DenialDecisions.Add(store.Stored(Name), Quarantine(100 + faster), 1000));
            }
        };
        var receipt = await _host.Denials.AddAsync(Quarantine(1));
        World.Denials.BeforeWrite = null;

        Assert.Equal(4, receipt.Number);
        Assert.Equal(4, World.Denials.Stored(Name).Denials.Length);
    }

    [Fact]
    public async Task A_race_that_is_never_won_is_unavailable_and_overwrites_nothing()
    {
        var i = 0;
        World.Denials.BeforeWrite = (store, trustDomain) =>
        {
            if (trustDomain == Name)
            {
                store.Force(Name, DenialDecisions.Add(store.Stored(Name), Quarantine(100 + i++), 1000));
            }
        };
        var refused = await Assert.ThrowsAsync<GrainOperationException>(() => _host.Denials.AddAsync(Quarantine(1)));
        World.Denials.BeforeWrite = null;

        Assert.Equal((RefusalCode.Unavailable, "state_conflict"), (refused.Code, refused.Reason));
        Assert.Equal(5, World.Denials.Stored(Name).Denials.Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failed_write_is_decided_by_what_the_store_holds(bool after)
    {
        World.Faults.FailNext("denials.write", after);

        var receipt = await _host.Denials.AddAsync(Quarantine(1));

        Assert.Equal(1, receipt.Number);
        Assert.Single(World.Denials.Stored(Name).Denials);
    }

    [Fact]
    public async Task Every_change_is_pushed_even_when_an_earlier_call_ended_between_write_and_push()
    {
        var silo = new Ear();
        await _host.Denials.ConfirmAsync("silo-1", 0, Reference(silo));
        World.Faults.FailNext("denials.write", after: true);
        World.Faults.FailNext("denials.read");

        await Assert.ThrowsAsync<GrainOperationException>(() => _host.Denials.AddAsync(Quarantine(1)));
        await HostedGrains.RetryAsync(() => _host.Denials.AddAsync(Quarantine(1)));

        Assert.Equal([1L], silo.Heard);
    }

    [Fact]
    public async Task A_denial_is_effective_once_every_silo_holds_it_or_outlived_its_lease()
    {
        await _host.Denials.ReadAsync();
        World.Clock.Advance(World.DenialOptions.Lease);
        var (silo, deaf) = (new Ear(), new Ear { Deaf = true });
        await _host.Denials.ConfirmAsync("silo-1", 0, Reference(silo));
        await _host.Denials.ConfirmAsync("silo-2", 0, Reference(deaf));

        var receipt = await _host.Denials.AddAsync(Quarantine(1));
        Assert.Null(receipt.EffectiveAt);
        Assert.Equal([1L], silo.Heard);
        Assert.Null((await _host.Denials.StatusAsync(1)).EffectiveAt);

        World.Clock.Advance(World.DenialOptions.Lease);
        Assert.NotNull((await _host.Denials.StatusAsync(1)).EffectiveAt);
        Assert.Null((await _host.Denials.StatusAsync(2)).EffectiveAt);
    }

    [Fact]
    public async Task A_confirmation_brings_what_another_activation_wrote()
    {
        await _host.Denials.ReadAsync();
        World.Denials.Force(Name, DenialDecisions.Add(DenialSet.Empty, Quarantine(7), 10));

        Assert.Equal(1, (await _host.Denials.ConfirmAsync("silo-1", 0, Reference(new Ear()))).Number);
    }

    private IDenialObserver Reference(Ear ear) => _host.Grains.CreateObjectReference<IDenialObserver>(ear);

    private Denial Quarantine(int i) => new(DenialKind.QuarantinedIdentity, $"spiffe://{Name}/{i}", 0, "test", "operator", default, $"op-{i}");

    private sealed class Ear : IDenialObserver
    {
        public bool Deaf { get; init; }

        public ConcurrentQueue<long> Heard { get; } = new();

        public Task ChangedAsync(DenialSet set)
        {
            if (Deaf)
            {
                throw new IOException("deaf");
            }

            Heard.Enqueue(set.Number);
            return Task.CompletedTask;
        }
    }
}
