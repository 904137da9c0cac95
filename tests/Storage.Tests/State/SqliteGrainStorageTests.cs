using System.Globalization;
using MeshGrains.Grains;
using Orleans.Runtime;
using Orleans.Storage;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteGrainStorageTests : GrainStorageTests, IDisposable
{
    private readonly StateFixture _files = new();
    private SqliteDatabase? _other;

    private protected override IGrainStorage Storage => field ??= NewStorage();

    public void Dispose()
    {
        _other?.Dispose();
        _files.Dispose();
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
        _files.Restart();
        var storage = NewStorage();
        Assert.Equal(1, _files.Tamper(edit));

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
        _files.Restart();
        Assert.Equal(1, _files.Tamper(edit));

        await Assert.ThrowsAsync<RecordTamperedException>(() => NewStorage().ReadStateAsync(name, GrainId.Create("test", key), new Cell<Trusted>()));
    }

    [Fact]
    public async Task Swapped_rows_are_refused()
    {
        await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        await Storage.WriteStateAsync("state", GrainId.Create("test", "other"), new Cell<Trusted> { State = new Trusted("two") });
        _files.Restart();
        _files.Tamper("UPDATE grain_state SET content = (SELECT content FROM grain_state g WHERE g.grain <> grain_state.grain), tag = (SELECT tag FROM grain_state g WHERE g.grain <> grain_state.grain)");

        await Assert.ThrowsAsync<RecordTamperedException>(() => NewStorage().ReadStateAsync("state", Grain, new Cell<Trusted>()));
    }

    [Fact]
    public async Task A_row_that_was_put_back_to_an_old_version_or_removed_is_refused()
    {
        var state = await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        _files.Tamper("CREATE TABLE kept AS SELECT * FROM grain_state");
        await WriteAsync(state, new Trusted("two"));
        _files.Tamper("INSERT OR REPLACE INTO grain_state SELECT * FROM kept");
        await Assert.ThrowsAsync<RecordTamperedException>(ReadAsync<Trusted>);

        _files.Tamper("DELETE FROM grain_state");
        await Assert.ThrowsAsync<RecordTamperedException>(ReadAsync<Trusted>);
    }

    [Fact]
    public async Task A_cleared_row_that_was_put_back_is_refused()
    {
        var state = await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        _files.Tamper("CREATE TABLE kept AS SELECT * FROM grain_state");
        await Storage.ClearStateAsync("state", Grain, state);
        _files.Tamper("INSERT OR REPLACE INTO grain_state SELECT * FROM kept");

        await Assert.ThrowsAsync<RecordTamperedException>(ReadAsync<Trusted>);
    }

    private protected override IGrainStorage AnotherProcess() => new SqliteGrainStorage(_other ??= _files.Open(), new TestCodec(), StateFixture.NewProcess());

    private protected override IGrainStorage WithoutKey() => new SqliteGrainStorage(_files.Database, new TestCodec(), new RecordSeal(new RecordAuthenticator()));

    private protected override long VersionOf(string? etag) => long.Parse(etag!, CultureInfo.InvariantCulture);

    private SqliteGrainStorage NewStorage() => new(_files.Database, new TestCodec(), _files.Seal);
}
