using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class BlobIssuanceLogFenceTests : LogFenceContract, IAsyncLifetime
{
    private BlobLogFixture? _store;

    private BlobLogFixture Store => _store ??= new BlobLogFixture();

    protected override ValueTask<IIssuanceLog> LogAsync() => ValueTask.FromResult<IIssuanceLog>(Store.Log);

    protected override async ValueTask RestartAsync() => await Store.CloseAsync();

    [SkippableFact]
    public async Task A_writer_whose_shard_another_sealed_knows_it_for_ever()
    {
        await Store.Log.AppendAsync(Records.Leaf(1), default);
        await Store.New().SealAsync(Records.TrustDomain, Records.Issuer, default);

        await Assert.ThrowsAsync<IssuanceShardSealedException>(async () => await Store.Log.AppendAsync(Records.Leaf(2), default));
        await Assert.ThrowsAsync<IssuanceShardSealedException>(async () => await Store.Log.AppendAsync(Records.Leaf(3), default));
        await Store.Log.AppendAsync(Records.Leaf(4, issuer: "another"), default);
        Assert.True(Store.Log.IsAvailable);
        Assert.Empty(await Store.Log.VerifyChainAsync(default));
    }

    [SkippableFact]
    public async Task A_writer_frozen_before_its_append_and_thawed_after_the_seal_fails_and_leaves_nothing()
    {
        var faults = new StoreFaults();
        var frozen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thaw = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var writer = Store.New(faults);
        await writer.AppendAsync(Records.Leaf(1), default);
        faults.Before = async (kind, _) =>
        {
            if (kind == "appendblock" && !thaw.Task.IsCompleted)
            {
                frozen.TrySetResult();
                await thaw.Task;
            }
        };
        var late = writer.AppendAsync(Records.Leaf(2), default).AsTask();
        await frozen.Task;

        await Store.Log.SealAsync(Records.TrustDomain, Records.Issuer, default);
        var held = await Store.Log.ListAsync(Records.TrustDomain, null, 10, default);
        thaw.SetResult();

        await Assert.ThrowsAsync<IssuanceShardSealedException>(() => late);
        Assert.Equal(Records.Serial(1), Assert.Single(held).Record.Serial);
        Assert.Single(await Store.New().ListAsync(Records.TrustDomain, null, 10, default));
    }

    [SkippableFact]
    public async Task A_leaf_shard_that_another_process_took_is_never_written_again()
    {
        await Store.Log.AppendAsync(Records.Leaf(1), default);
        await Store.New().AppendAsync(Records.Leaf(2), default);

        await Assert.ThrowsAsync<IssuanceShardSealedException>(async () => await Store.Log.AppendAsync(Records.Leaf(3), default));
        Assert.Equal(2, (await Store.Log.ListAsync(Records.TrustDomain, null, 10, default)).Count);
        Assert.Empty(await Store.Log.VerifyChainAsync(default));
    }

    [SkippableTheory]
    [InlineData("create")]
    [InlineData("lease")]
    [InlineData("appendblock")]
    public async Task A_seal_whose_reply_is_lost_is_still_one_seal(string kind)
    {
        await Store.Log.AppendAsync(Records.Leaf(1, issuer: "there"), default);
        foreach (var issuer in (string[])["there", "missing"])
        {
            var faults = new StoreFaults();
            var lost = 0;
            faults.Choose = (seen, _) => seen == kind && Interlocked.Increment(ref lost) == 1 ? StoreFault.LoseReply : StoreFault.None;
            await Store.New(faults).SealAsync(Records.TrustDomain, issuer, default);
            Assert.True(lost > 0);
            await Assert.ThrowsAsync<IssuanceShardSealedException>(async () => await Store.New().AppendAsync(Records.Leaf(2, issuer: issuer), default));
        }

        Assert.Empty(await Store.Log.VerifyChainAsync(default));
    }

    [SkippableFact]
    public async Task Anchors_raised_by_several_processes_at_once_end_at_the_highest()
    {
        var logs = Enumerable.Range(0, 4).Select(_ => Store.New()).ToArray();
        await Task.WhenAll(Enumerable.Range(1, 40).Select(value => logs[value % 4].RaiseAnchorAsync(Records.TrustDomain, LogAnchor.Denials, value, default).AsTask()));

        Assert.Equal(40, await Store.Log.ReadAnchorAsync(Records.TrustDomain, LogAnchor.Denials, default));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }
}
