using System.Collections.Concurrent;
using Orleans;

namespace MeshGrains.Grains.Tests;

public sealed class DenialGrainTests : IClassFixture<HostedGrains>
{
    private readonly HostedGrains _host;
    private readonly List<Ear> _ears = [];

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
    public async Task A_denial_that_another_activation_released_is_denied_again()
    {
        await _host.Denials.AddAsync(Quarantine(1));
        var stored = World.Denials.Stored(Name);
        World.Denials.Force(Name, DenialDecisions.Remove(stored, DenialKind.QuarantinedIdentity, stored.Denials[0].Subject));

        Assert.Equal(3, (await _host.Denials.AddAsync(Quarantine(1))).Number);
        Assert.Single(World.Denials.Stored(Name).Denials);
    }

    [Fact]
    public async Task Every_change_is_pushed_even_when_an_earlier_call_ended_between_write_and_push()
    {
        var silo = new Ear();
        await ConfirmAsync("silo-1", -1, silo);
        World.Faults.FailNext("denials.write", after: true);
        World.Denials.BeforeWrite = (_, _) => World.Faults.FailNext("denials.read");

        await Assert.ThrowsAsync<GrainOperationException>(() => _host.Denials.AddAsync(Quarantine(1)));
        World.Denials.BeforeWrite = null;
        await HostedGrains.RetryAsync(() => _host.Denials.AddAsync(Quarantine(1)));

        Assert.Equal([2L], silo.Heard);
    }

    [Fact]
    public async Task The_first_confirmation_puts_a_silo_on_the_roster_and_later_ones_write_nothing()
    {
        var joined = await ConfirmAsync("silo-1", -1, new Ear());
        Assert.Equal((1L, true), (joined.Number, joined.Granted));
        Assert.Equal(("silo-1", "run-1", 1L, 0L), Single(joined.Set!));

        World.Faults.Reset();
        var again = await ConfirmAsync("silo-1", 1, new Ear());
        World.Clock.Advance(World.DenialOptions.Lease / 3);
        await ConfirmAsync("silo-1", 1, new Ear());

        Assert.Equal((1L, true, null), (again.Number, again.Granted, again.Set));
        Assert.Equal(["denials.read", "denials.read"], World.Faults.Steps);

        static (string, string, long, long) Single(DenialSet set)
        {
            var holder = Assert.Single(set.Holders);
            return (holder.Silo, holder.Incarnation, holder.Joined, holder.Leaving);
        }
    }

    [Fact]
    public async Task A_denial_is_effective_once_every_silo_holds_it_or_outlived_its_lease()
    {
        var (silo, deaf) = (new Ear(), new Ear { Deaf = true });
        await ConfirmAsync("silo-1", -1, silo);
        await ConfirmAsync("silo-2", -1, deaf);

        var receipt = await _host.Denials.AddAsync(Quarantine(1));
        Assert.Null(receipt.EffectiveAt);
        Assert.Equal([3L], silo.Heard);
        Assert.Null((await _host.Denials.StatusAsync(3)).EffectiveAt);

        World.Clock.Advance(World.DenialOptions.Lease * 1.02);
        Assert.NotNull((await _host.Denials.StatusAsync(3)).EffectiveAt);
        Assert.Null((await _host.Denials.StatusAsync(4)).EffectiveAt);
    }

    [Fact]
    public async Task A_denial_is_effective_at_once_where_every_silo_on_the_roster_takes_it_even_in_the_first_lease()
    {
        await ConfirmAsync("silo-1", -1, new Ear());
        await ConfirmAsync("silo-2", -1, new Ear());

        Assert.NotNull((await _host.Denials.AddAsync(Quarantine(1))).EffectiveAt);
    }

    [Fact]
    public async Task A_denial_waits_for_silos_that_are_on_the_stored_roster_though_this_activation_never_heard_of_them()
    {
        World.Denials.Force(Name, DenialRoster.Join(World.Denials.Stored(Name), "elsewhere", "run-1", (long)World.DenialOptions.Lease.TotalMilliseconds));
        await ConfirmAsync("silo-1", -1, new Ear());

        var receipt = await _host.Denials.AddAsync(Quarantine(1));
        Assert.Null(receipt.EffectiveAt);

        var lease = await ConfirmAsync("elsewhere", receipt.Number, new Ear());
        Assert.True(lease.Granted);
        Assert.NotNull((await _host.Denials.StatusAsync(receipt.Number)).EffectiveAt);
    }

    [Fact]
    public async Task A_silo_that_says_goodbye_holds_nothing_up()
    {
        await ConfirmAsync("silo-1", -1, new Ear());
        await ConfirmAsync("silo-2", -1, new Ear { Deaf = true });
        await _host.Denials.LeaveAsync("silo-2", "run-1");
        await _host.Denials.LeaveAsync("silo-2", "run-1");

        Assert.Equal(["silo-1"], (await _host.Denials.ReadAsync()).Holders.Select(holder => holder.Silo));
        Assert.NotNull((await _host.Denials.AddAsync(Quarantine(1))).EffectiveAt);
    }

    [Fact]
    public async Task A_silent_silo_is_marked_first_and_leaves_the_roster_a_lease_later_and_comes_back_by_confirming()
    {
        await ConfirmAsync("silo-1", -1, new Ear());
        await ConfirmAsync("frozen", -1, new Ear());
        World.Clock.Advance(World.DenialOptions.Lease * 1.03);
        await ConfirmAsync("silo-1", 2, new Ear());
        Assert.Equal(3, Find("frozen")!.Leaving);

        World.Clock.Advance(World.DenialOptions.Lease / 2);
        await ConfirmAsync("silo-1", 3, new Ear());
        var back = await ConfirmAsync("frozen", 2, new Ear());
        Assert.True(back.Granted);
        Assert.Equal((2L, 0L), (Find("frozen")!.Joined, Find("frozen")!.Leaving));

        for (var i = 0; i < 2; i++)
        {
            World.Clock.Advance(World.DenialOptions.Lease * 1.03);
            await ConfirmAsync("silo-1", 4, new Ear());
        }

        Assert.Null(Find("frozen"));

        LeaseHolder? Find(string silo) => DenialRoster.Find(World.Denials.Stored(Name), silo, "run-1");
    }

    [Fact]
    public async Task Another_start_of_a_silo_marks_the_former_one_as_leaving()
    {
        await ConfirmAsync("silo-1", -1, new Ear());
        await ConfirmAsync("silo-1", -1, new Ear(), "run-2");

        Assert.Equal([("run-1", 2L), ("run-2", 0L)], World.Denials.Stored(Name).Holders.Select(holder => (holder.Incarnation, holder.Leaving)));
    }

    [Fact]
    public async Task A_confirmation_brings_what_another_activation_wrote()
    {
        await _host.Denials.ReadAsync();
        World.Denials.Force(Name, DenialDecisions.Add(DenialSet.Empty, Quarantine(7), 10));

        Assert.Single((await ConfirmAsync("silo-1", -1, new Ear())).Set!.Denials);
    }

    [Fact]
    public async Task A_number_is_anchored_before_it_is_shown_and_never_before_it_is_written()
    {
        World.Log.OnRaise = (anchor, value) =>
        {
            Assert.Equal(LogAnchor.Denials, anchor);
            Assert.True(World.Denials.Stored(Name).Number >= value, "The anchor lies above the set.");
            throw new IOException("The log is away.");
        };
        var refused = await Assert.ThrowsAsync<GrainOperationException>(() => _host.Denials.AddAsync(Quarantine(1)));
        await Assert.ThrowsAsync<GrainOperationException>(() => _host.Denials.ReadAsync());
        World.Log.OnRaise = null;

        Assert.Equal(RefusalCode.Unavailable, refused.Code);
        Assert.Equal(1, (await _host.Denials.ReadAsync()).Number);
        Assert.Equal(1, await World.Log.ReadAnchorAsync(Name, LogAnchor.Denials, default));
    }

    [Fact]
    public async Task A_set_below_the_anchor_was_rolled_back_and_is_refused_until_a_restore_is_declared()
    {
        await _host.Denials.AddAsync(Quarantine(1));
        await World.Log.RaiseAnchorAsync(Name, LogAnchor.Denials, 5, default);
        World.Clock.Advance(World.DenialOptions.Lease);

        var refused = await Assert.ThrowsAsync<GrainOperationException>(() => _host.Denials.ReadAsync());

        Assert.Equal((RefusalCode.Internal, "record_tampered"), (refused.Code, refused.Reason));
        Assert.Contains("declare-restore", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_log_is_away_leases_go_on_by_the_anchor_that_is_known()
    {
        await ConfirmAsync("silo-1", -1, new Ear());
        World.Log.OnReadAnchor = () => throw new IOException("The log is away.");
        World.Clock.Advance(World.DenialOptions.Lease / 2);

        Assert.True((await ConfirmAsync("silo-1", 1, new Ear())).Granted);
        World.Log.OnReadAnchor = null;
    }

    [Fact]
    public async Task While_the_log_hangs_for_longer_than_a_lease_confirmations_are_answered_well_within_it()
    {
        await ConfirmAsync("silo-1", -1, new Ear());
        await ConfirmAsync("silo-2", -1, new Ear());
        var hang = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reads = 0;
        World.Log.OnReadAnchor = () => Interlocked.Increment(ref reads);
        World.Log.AnchorGate = hang.Task;
        try
        {
            // Each round the known anchor is old enough to be read again, by one call; the others do not wait for the log.
            for (var round = 1; round <= 2; round++)
            {
                World.Clock.Advance(World.DenialOptions.Lease / 2);
                var leases = await Task.WhenAll(
                    ConfirmAsync("silo-1", 2, new Ear()), ConfirmAsync("silo-2", 2, new Ear()), ConfirmAsync("silo-1", 2, new Ear()))
                    .WaitAsync(World.DenialOptions.Lease / 2);

                Assert.All(leases, lease => Assert.True(lease.Granted));
                Assert.Equal(round, Volatile.Read(ref reads));
            }
        }
        finally
        {
            World.Log.AnchorGate = Task.CompletedTask;
            World.Log.OnReadAnchor = null;
            hang.SetResult();
        }

        // And it is read again once the log is back.
        await World.Log.RaiseAnchorAsync(Name, LogAnchor.Denials, 5, default);
        World.Clock.Advance(World.DenialOptions.Lease / 2);
        Assert.Equal("record_tampered", (await Assert.ThrowsAsync<GrainOperationException>(() => ConfirmAsync("silo-1", 2, new Ear()))).Reason);
    }

    [Fact]
    public async Task A_log_that_hangs_while_a_number_is_anchored_holds_the_grain_for_a_part_of_a_lease_only()
    {
        await ConfirmAsync("silo-1", -1, new Ear());
        var hang = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        World.Log.RaiseGate = hang.Task;

        var refused = await Assert.ThrowsAsync<GrainOperationException>(() => _host.Denials.AddAsync(Quarantine(1)).WaitAsync(World.DenialOptions.Lease));

        Assert.Equal(RefusalCode.Unavailable, refused.Code);
        World.Log.RaiseGate = Task.CompletedTask;
        hang.SetResult();
        Assert.Equal(2, (await _host.Denials.ReadAsync()).Number);
    }

    [Fact]
    public async Task An_anchor_that_was_put_back_is_refused_at_every_call_though_one_is_known()
    {
        await ConfirmAsync("silo-1", -1, new Ear());
        World.Log.OnReadAnchor = () => throw new RecordTamperedException("anchors/denials", "the anchor is 0 and was 1.");
        World.Clock.Advance(World.DenialOptions.Lease / 2);

        for (var i = 0; i < 2; i++)
        {
            var refused = await Assert.ThrowsAsync<GrainOperationException>(() => ConfirmAsync("silo-1", 1, new Ear()));
            Assert.Equal((RefusalCode.Internal, "record_tampered"), (refused.Code, refused.Reason));
        }

        World.Log.OnReadAnchor = null;
        Assert.True((await ConfirmAsync("silo-1", 1, new Ear())).Granted);
    }

    [Fact]
    public async Task A_confirmation_of_a_number_that_the_store_does_not_have_is_refused_and_makes_nothing_effective()
    {
        await ConfirmAsync("silo-1", -1, new Ear { Deaf = true });

        var refused = await Assert.ThrowsAsync<GrainOperationException>(() => ConfirmAsync("silo-1", 9, new Ear()));
        Assert.Equal((RefusalCode.Conflict, "denials_ahead"), (refused.Code, refused.Reason));
        var receipt = await _host.Denials.AddAsync(Quarantine(1));
        Assert.Null(receipt.EffectiveAt);

        Assert.True((await ConfirmAsync("silo-1", receipt.Number, new Ear())).Granted);
        Assert.NotNull((await _host.Denials.StatusAsync(receipt.Number)).EffectiveAt);
    }

    [Fact]
    public async Task A_bundle_number_is_told_to_every_silo()
    {
        var (silo, deaf) = (new Ear(), new Ear { Deaf = true });
        await ConfirmAsync("silo-1", -1, silo);
        await ConfirmAsync("silo-2", -1, deaf);
        await _host.Denials.AnnounceBundleAsync(7);

        Assert.Equal([7L], silo.Bundles);
    }

    private Task<DenialLease> ConfirmAsync(string silo, long number, Ear ear, string incarnation = "run-1") => _host.Denials.ConfirmLeaseAsync(
        new DenialConfirmation(silo, incarnation, number, (long)World.DenialOptions.Lease.TotalMilliseconds), Reference(ear));

    private IDenialObserver Reference(Ear ear)
    {
        // A grain host refers to it weakly.
        _ears.Add(ear);
        return _host.Grains.CreateObjectReference<IDenialObserver>(ear);
    }

    private Denial Quarantine(int i) => new(DenialKind.QuarantinedIdentity, $"spiffe://{Name}/{i}", 0, "test", "operator", default, $"op-{i}");

    private sealed class Ear : IDenialObserver
    {
        public bool Deaf { get; init; }

        public ConcurrentQueue<long> Heard { get; } = new();

        public ConcurrentQueue<long> Bundles { get; } = new();

        public Task BundleChangedAsync(long bundleNumber)
        {
            Bundles.Enqueue(Deaf ? throw new IOException("deaf") : bundleNumber);
            return Task.CompletedTask;
        }

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
