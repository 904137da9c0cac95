using MeshGrains.Keys;
using MeshGrains.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Grains.Tests;

public sealed class RecordKeyRingTests
{
    private static readonly string[] Steps = ["key.read", "key.write", "kms.find", "kms.create", "kms.wrap", "key.write", "kms.unwrap"];

    private readonly Faults _faults = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly MemoryRecordKeys _store;
    private readonly FakeKeys _keys;

    public RecordKeyRingTests() => (_store, _keys) = (new MemoryRecordKeys(_faults), new FakeKeys(_faults));

    [Fact]
    public async Task The_name_is_recorded_before_the_key_is_made()
    {
        await RunAsync();

        Assert.Equal(Steps, _faults.Steps);
    }

    [Fact]
    public async Task Whatever_step_fails_before_or_after_it_was_done_there_is_one_key_in_the_end()
    {
        for (var step = 1; step <= Steps.Length; step++)
        {
            foreach (var after in new[] { false, true })
            {
                var (faults, clock) = (new Faults(), new FakeTimeProvider());
                var (store, keys) = (new MemoryRecordKeys(faults), new FakeKeys(faults));
                faults.FailStep(step, after);

                var first = await RunAsync(store, keys, clock);
                var again = await RunAsync(store, keys, clock);

                Assert.Single(keys.Made);
                Assert.Equal(first.Tag("a", 1, [1]), again.Tag("a", 1, [1]));
            }
        }
    }

    [Fact]
    public async Task Processes_that_start_together_make_one_key()
    {
        for (var round = 0; round < 20; round++)
        {
            var (store, keys) = (new MemoryRecordKeys(), new FakeKeys(new Faults()));
            var clock = new FakeTimeProvider();
            var rings = Enumerable.Range(0, 4).Select(_ => Ring(store, keys, new RecordAuthenticator(), clock)).ToList();
            await Task.WhenAll(rings.Select(ring => Task.Run(() => ring.StartAsync(default))));

            // Small steps: a maker that the machine holds up must not look dead.
            await clock.AdvanceUntilAsync(TimeSpan.FromMilliseconds(10), () => rings.All(ring => ring.Ready.IsCompleted), "every process's key");

            Assert.Single(keys.Made);
            rings.ForEach(ring => ring.Dispose());
        }
    }

    [Fact]
    public async Task A_name_whose_recorder_made_no_key_for_long_gives_way_to_another()
    {
        var once = true;
        _store.BeforeWrite = store =>
        {
            if (once)
            {
                once = false;
                store.Stored = new WrappedRecordKey("meshgrains-records-dead", null, null);
            }
        };
        var begun = _clock.GetUtcNow();
        await RunAsync();

        Assert.NotEqual("meshgrains-records-dead", Assert.Single(_keys.Made).Name);
        Assert.Equal(_keys.Made[0].Name, _store.Stored!.WrappingKeyName);
        Assert.True(_clock.GetUtcNow() - begun >= TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task A_process_that_lost_the_race_for_the_key_takes_the_winners_key()
    {
        var winner = new WrappedRecordKey("w", null, null);
        var writes = 0;
        _store.BeforeWrite = store =>
        {
            if (++writes == 2)
            {
                var key = _keys.CreateAsync("w", KeyAlgorithm.Rsa3072, KeyPurpose.Wrap, default).AsTask().Result;
                store.Stored = winner with
                {
                    KeyReference = key.Reference.Value,
                    Wrapped = Convert.ToBase64String(_keys.WrapAsync(key.Reference, Enumerable.Repeat((byte)9, 32).ToArray(), default).AsTask().Result),
                };
            }
        };
        var mine = await RunAsync();

        var expected = new RecordAuthenticator();
        expected.Provide([.. Enumerable.Repeat((byte)9, 32)]);
        Assert.Equal(expected.Tag("a", 1, [1]), mine.Tag("a", 1, [1]));
    }

    [Fact]
    public async Task While_the_key_manager_is_away_it_says_what_it_waits_for_and_goes_on_asking()
    {
        _faults.FailNext("kms.find", times: 20);
        var records = new RecordAuthenticator();
        using var ring = Ring(_store, _keys, records, _clock);
        await ring.StartAsync(default);
        await _clock.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => _faults.Steps.Count(step => step == "kms.find") > 5, "five attempts");

        Assert.False(ring.Ready.IsCompleted);
        Assert.Contains("did not answer", ring.WaitingFor, StringComparison.Ordinal);
        Assert.False(records.IsReady);

        await _clock.AdvanceUntilAsync(TimeSpan.FromSeconds(5), () => ring.Ready.IsCompleted, "the recovery");
        Assert.Null(ring.WaitingFor);
        await ring.StopAsync(default);
    }

    [Fact]
    public async Task A_stored_key_that_is_damaged_is_told_of_and_never_replaced()
    {
        _store.Stored = new WrappedRecordKey("n", "fake:n/1", "not base64!");
        using var ring = Ring(_store, _keys, new RecordAuthenticator(), _clock);
        await ring.StartAsync(default);
        await _clock.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => _faults.Steps.Count > 3, "some attempts");

        Assert.False(ring.Ready.IsCompleted);
        Assert.Equal("not base64!", _store.Stored.Wrapped);
        await ring.StopAsync(default);
    }

    private static RecordKeyRing Ring(MemoryRecordKeys store, FakeKeys keys, RecordAuthenticator records, TimeProvider clock) =>
        new(store, keys, records, new SystemRandomSource(), clock, NullLogger<RecordKeyRing>.Instance);

    private static async Task<RecordAuthenticator> RunAsync(MemoryRecordKeys store, FakeKeys keys, FakeTimeProvider clock)
    {
        var records = new RecordAuthenticator();
        using var ring = Ring(store, keys, records, clock);
        await ring.StartAsync(default);
        await clock.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => ring.Ready.IsCompleted, "the record key");
        await ring.StopAsync(default);
        return records;
    }

    private Task<RecordAuthenticator> RunAsync() => RunAsync(_store, _keys, _clock);
}
