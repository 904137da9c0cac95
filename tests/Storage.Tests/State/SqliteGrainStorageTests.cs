using MeshGrains.Grains;
using Orleans.Runtime;
using Orleans.Storage;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteGrainStorageTests : StateFixture
{
    private static readonly GrainId Grain = GrainId.Create("test", "mesh.local");

    private SqliteGrainStorage Storage => field ??= NewStorage();

    [Fact]
    public async Task What_is_written_is_read_back()
    {
        var written = await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        var read = await ReadAsync<Trusted>();

        Assert.Equal("one", read.State!.Value);
        Assert.Equal(written.ETag, read.ETag);
        Assert.True(read.RecordExists && written.RecordExists);
    }

    [Fact]
    public async Task What_was_never_written_is_empty()
    {
        var read = await ReadAsync<Trusted>();

        Assert.Equal("empty", read.State!.Value);
        Assert.Null(read.ETag);
        Assert.False(read.RecordExists);
    }

    [Fact]
    public async Task States_of_another_name_or_grain_are_apart()
    {
        await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        var other = new Cell<Trusted>();
        await Storage.ReadStateAsync("another", Grain, other);
        Assert.False(other.RecordExists);
        await Storage.ReadStateAsync("state", GrainId.Create("test", "other.example"), other);
        Assert.False(other.RecordExists);
    }

    [Fact]
    public async Task A_write_with_an_old_etag_is_inconsistent_and_changes_nothing()
    {
        var first = await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        var second = await ReadAsync<Trusted>();
        await WriteAsync(first, new Trusted("two"));

        var lost = await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(second, new Trusted("three")));
        Assert.Equal(first.ETag, lost.StoredEtag);
        Assert.Equal("1", lost.CurrentEtag);
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(new Cell<Trusted>(), new Trusted("new")));
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.ClearStateAsync("state", Grain, second));
        Assert.Equal("two", (await ReadAsync<Trusted>()).State!.Value);
    }

    [Fact]
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

    [Fact]
    public async Task Of_many_writers_at_one_version_exactly_one_wins_each_time()
    {
        var current = await WriteAsync(new Cell<Trusted>(), new Trusted("0"));
        for (var round = 1; round <= 10; round++)
        {
            var won = await RaceAsync(current.ETag, round);
            Assert.Equal(1, won);
            current = await ReadAsync<Trusted>();
            Assert.Equal((round + 1).ToString(System.Globalization.CultureInfo.InvariantCulture), current.ETag);
        }
    }

    [Fact]
    public async Task Two_processes_race_on_one_file_and_one_wins()
    {
        using var otherDatabase = Open();
        var other = new SqliteGrainStorage(otherDatabase, new TestCodec(), NewProcess());
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

    [Fact]
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

    [Fact]
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
        Assert.Equal("3", (await ReadAsync<Trusted>()).ETag);
    }

    [Fact]
    public async Task Clearing_what_never_was_does_nothing()
    {
        var state = new Cell<Trusted>();
        await Storage.ClearStateAsync("state", Grain, state);
        Assert.Null(state.ETag);
        Assert.False(state.RecordExists);
    }

    [Theory]
    [InlineData("UPDATE grain_state SET content = CAST('{\"Value\":\"evil\"}' AS BLOB)")]
    [InlineData("UPDATE grain_state SET version = version + 1")]
    [InlineData("UPDATE grain_state SET version = version - 1")]
    [InlineData("UPDATE grain_state SET tag = randomblob(32)")]
    [InlineData("UPDATE grain_state SET tag = NULL")]
    [InlineData("UPDATE grain_state SET content = NULL")]
    public async Task An_edited_row_is_refused_in_a_fresh_process_too(string edit)
    {
        var state = await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        await WriteAsync(state, new Trusted("two"));
        Restart();
        var storage = NewStorage();
        Assert.Equal(1, Tamper(edit));

        await Assert.ThrowsAsync<RecordTamperedException>(() => storage.ReadStateAsync("state", Grain, new Cell<Trusted>()));
        await Assert.ThrowsAnyAsync<Exception>(() => storage.WriteStateAsync("state", Grain, new Cell<Trusted> { State = new Trusted("x"), ETag = state.ETag }));
        await Assert.ThrowsAsync<RecordTamperedException>(() => storage.ReadStateAsync("state", Grain, new Cell<Trusted>()));
    }

    [Theory]
    [InlineData("UPDATE grain_state SET grain = 'test/other.example'", "state", "other.example")]
    [InlineData("UPDATE grain_state SET name = 'another'", "another", "mesh.local")]
    public async Task A_relabelled_row_is_refused(string edit, string name, string key)
    {
        await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        Restart();
        Assert.Equal(1, Tamper(edit));

        await Assert.ThrowsAsync<RecordTamperedException>(() => NewStorage().ReadStateAsync(name, GrainId.Create("test", key), new Cell<Trusted>()));
    }

    [Fact]
    public async Task Swapped_rows_are_refused()
    {
        await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        await Storage.WriteStateAsync("state", GrainId.Create("test", "other"), new Cell<Trusted> { State = new Trusted("two") });
        Restart();
        Tamper("UPDATE grain_state SET content = (SELECT content FROM grain_state g WHERE g.grain <> grain_state.grain), tag = (SELECT tag FROM grain_state g WHERE g.grain <> grain_state.grain)");

        await Assert.ThrowsAsync<RecordTamperedException>(() => NewStorage().ReadStateAsync("state", Grain, new Cell<Trusted>()));
    }

    [Fact]
    public async Task A_row_that_was_put_back_to_an_old_version_or_removed_is_refused()
    {
        var state = await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        Tamper("CREATE TABLE kept AS SELECT * FROM grain_state");
        await WriteAsync(state, new Trusted("two"));
        Tamper("INSERT OR REPLACE INTO grain_state SELECT * FROM kept");
        await Assert.ThrowsAsync<RecordTamperedException>(ReadAsync<Trusted>);

        Tamper("DELETE FROM grain_state");
        await Assert.ThrowsAsync<RecordTamperedException>(ReadAsync<Trusted>);
    }

    [Fact]
    public async Task A_cleared_row_that_was_put_back_is_refused()
    {
        var state = await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        Tamper("CREATE TABLE kept AS SELECT * FROM grain_state");
        await Storage.ClearStateAsync("state", Grain, state);
        Tamper("INSERT OR REPLACE INTO grain_state SELECT * FROM kept");

        await Assert.ThrowsAsync<RecordTamperedException>(ReadAsync<Trusted>);
    }

    [Fact]
    public async Task States_that_bear_no_trust_need_no_key()
    {
        var storage = new SqliteGrainStorage(Database, new TestCodec(), new RecordSeal(new RecordAuthenticator()));
        var state = new Cell<Plain> { State = new Plain(3) };
        await storage.WriteStateAsync("plain", Grain, state);
        var read = new Cell<Plain>();
        await storage.ReadStateAsync("plain", Grain, read);

        Assert.Equal(3, read.State!.Number);
        await Assert.ThrowsAsync<RecordKeyUnavailableException>(() => storage.WriteStateAsync("state", Grain, new Cell<Trusted> { State = new Trusted("x") }));
    }

    private SqliteGrainStorage NewStorage() => new(Database, new TestCodec(), Seal);

    private async Task<Cell<T>> WriteAsync<T>(Cell<T> state, T value)
    {
        state.State = value;
        await Storage.WriteStateAsync("state", Grain, state);
        return state;
    }

    private async Task<Cell<T>> ReadAsync<T>()
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
