using MeshGrains.Grains;
using Orleans.Runtime;
using Orleans.Storage;

namespace MeshGrains.Storage.Tests;

/// <summary>What every grain storage keeps, on whatever it lies.</summary>
public abstract class GrainStorageTests
{
    private protected static readonly GrainId Grain = GrainId.Create("test", "mesh.local");

    private protected abstract IGrainStorage Storage { get; }

    /// <summary>Another silo's storage over the same records.</summary>
    private protected abstract IGrainStorage AnotherProcess();

    /// <summary>One that cannot tag and verify.</summary>
    private protected abstract IGrainStorage WithoutKey();

    private protected abstract long VersionOf(string? etag);

    [SkippableFact]
    public async Task What_is_written_is_read_back()
    {
        var written = await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        var read = await ReadAsync<Trusted>();

        Assert.Equal("one", read.State!.Value);
        Assert.Equal(written.ETag, read.ETag);
        Assert.True(read.RecordExists && written.RecordExists);
    }

    [SkippableFact]
    public async Task What_was_never_written_is_empty()
    {
        var read = await ReadAsync<Trusted>();

        Assert.Equal("empty", read.State!.Value);
        Assert.Null(read.ETag);
        Assert.False(read.RecordExists);
    }

    [SkippableFact]
    public async Task States_of_another_name_or_grain_are_apart()
    {
        await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        var other = new Cell<Trusted>();
        await Storage.ReadStateAsync("another", Grain, other);
        Assert.False(other.RecordExists);
        await Storage.ReadStateAsync("state", GrainId.Create("test", "other.example"), other);
        Assert.False(other.RecordExists);
    }

    [SkippableFact]
    public async Task A_write_with_an_old_etag_is_inconsistent_and_changes_nothing()
    {
        var first = await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        var second = await ReadAsync<Trusted>();
        await WriteAsync(first, new Trusted("two"));

        var lost = await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(second, new Trusted("three")));
        Assert.Equal(second.ETag, lost.CurrentEtag);
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(new Cell<Trusted>(), new Trusted("new")));
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.ClearStateAsync("state", Grain, second));
        Assert.Equal("two", (await ReadAsync<Trusted>()).State!.Value);
    }

    [SkippableFact]
    public async Task A_lost_first_write_does_not_make_the_record_seem_rolled_back()
    {
        var states = Enumerable.Range(0, 4).Select(_ => new Cell<Trusted>()).ToArray();
        await WriteAsync(states[0], new Trusted("won"));
        for (var i = 1; i < states.Length; i++)
        {
            await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(states[i], new Trusted("lost")));
        }

        Assert.Equal("won", (await ReadAsync<Trusted>()).State!.Value);
    }

    [SkippableFact]
    public async Task Of_many_writers_at_one_version_exactly_one_wins_each_time()
    {
        var current = await WriteAsync(new Cell<Trusted>(), new Trusted("0"));
        for (var round = 1; round <= 10; round++)
        {
            var won = await RaceAsync(current.ETag, round);
            Assert.Equal(1, won);
            current = await ReadAsync<Trusted>();
            Assert.Equal(round + 1, VersionOf(current.ETag));
        }
    }

    [SkippableFact]
    public async Task Two_processes_race_for_one_record_and_one_wins()
    {
        var other = AnotherProcess();
        _ = Storage;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () =>
        {
            var state = new Cell<Trusted> { State = new Trusted(i.ToString(System.Globalization.CultureInfo.InvariantCulture)) };
            try
            {
                await (i % 2 == 0 ? Storage : other).WriteStateAsync("state", Grain, state);
                return true;
            }
            catch (InconsistentStateException)
            {
                return false;
            }
        })));

        Assert.Single(outcomes, won => won);
    }

    [SkippableFact]
    public async Task Readers_beside_a_writer_never_take_its_progress_for_a_rollback()
    {
        var state = await WriteAsync(new Cell<Trusted>(), new Trusted("0"));
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await ReadAsync<Trusted>();
            }
        })).ToArray();
        for (var i = 0; i < 200; i++)
        {
            await WriteAsync(state, new Trusted(i.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }

        await stop.CancelAsync();
        await Task.WhenAll(readers);
    }

    [SkippableFact]
    public async Task Clearing_leaves_a_version_that_an_old_etag_cannot_pass()
    {
        var state = await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        var old = await ReadAsync<Trusted>();
        await Storage.ClearStateAsync("state", Grain, state);

        Assert.False(state.RecordExists);
        Assert.Equal("empty", state.State!.Value);
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(new Cell<Trusted>(), new Trusted("new")));
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(old, new Trusted("old")));

        var read = await ReadAsync<Trusted>();
        Assert.False(read.RecordExists);
        await WriteAsync(read, new Trusted("again"));
        Assert.Equal(3, VersionOf((await ReadAsync<Trusted>()).ETag));
    }

    [SkippableFact]
    public async Task Clearing_what_never_was_does_nothing()
    {
        var state = new Cell<Trusted>();
        await Storage.ClearStateAsync("state", Grain, state);
        Assert.Null(state.ETag);
        Assert.False(state.RecordExists);
    }

    [SkippableFact]
    public async Task States_that_bear_no_trust_need_no_key()
    {
        var storage = WithoutKey();
        var state = new Cell<Plain> { State = new Plain(3) };
        await storage.WriteStateAsync("plain", Grain, state);
        var read = new Cell<Plain>();
        await storage.ReadStateAsync("plain", Grain, read);

        Assert.Equal(3, read.State!.Number);
        await Assert.ThrowsAsync<RecordKeyUnavailableException>(() => storage.WriteStateAsync("state", Grain, new Cell<Trusted> { State = new Trusted("x") }));
    }

    private protected async Task<Cell<T>> WriteAsync<T>(Cell<T> state, T value)
    {
        state.State = value;
        await Storage.WriteStateAsync("state", Grain, state);
        return state;
    }

    private protected async Task<Cell<T>> ReadAsync<T>()
    {
        var state = new Cell<T>();
        await Storage.ReadStateAsync("state", Grain, state);
        return state;
    }

    private async Task<int> RaceAsync(string? etag, int round)
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
        {
            try
            {
                await WriteAsync(new Cell<Trusted> { ETag = etag }, new Trusted($"{round}/{writer}"));
                return 1;
            }
            catch (InconsistentStateException)
            {
                return 0;
            }
        })));
        return outcomes.Sum();
    }
}
