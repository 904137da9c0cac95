using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

/// <summary>What every store of the record key keeps, on whatever it lies.</summary>
public abstract class RecordKeyStoreTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private protected abstract IRecordKeyStore Store { get; }

    [SkippableFact]
    public async Task The_key_is_recorded_in_steps_and_a_stale_writer_loses()
    {
        var store = Store;
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

    [SkippableFact]
    public async Task Of_many_first_writers_one_wins()
    {
        var store = Store;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(
            async () => await store.TryWriteAsync(null, new WrappedRecordKey($"key-{writer}", null, null), None))));
        Assert.Single(outcomes, won => won);
    }
}
