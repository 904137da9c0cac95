using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteRecordKeyStoreTests : StateFixture
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task The_key_is_recorded_in_steps_and_a_stale_writer_loses()
    {
        var store = new SqliteRecordKeyStore(Database);
        var intent = new WrappedRecordKey("records", null, null);
        var done = new WrappedRecordKey("records", "file:records/1", "AAAA");

        Assert.Null(await store.ReadAsync(None));
        Assert.False(await store.TryWriteAsync(intent, done, None));
        Assert.True(await store.TryWriteAsync(null, intent, None));
        Assert.False(await store.TryWriteAsync(null, done, None));
        Assert.Equal(intent, await store.ReadAsync(None));
        Assert.True(await store.TryWriteAsync(intent, done, None));
        Assert.Equal(done, await store.ReadAsync(None));
    }

    [Fact]
    public async Task Of_many_first_writers_one_wins()
    {
        var store = new SqliteRecordKeyStore(Database);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(
            async () => await store.TryWriteAsync(null, new WrappedRecordKey($"key-{writer}", null, null), None))));
        Assert.Single(outcomes, won => won);
    }
}
