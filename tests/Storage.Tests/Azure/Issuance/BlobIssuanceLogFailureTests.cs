using System.Collections.Concurrent;
using MeshGrains.Grains;
using MeshGrains.LocalCluster;
using MeshGrains.Testing;

namespace MeshGrains.Storage.Tests;

public sealed class BlobIssuanceLogFailureTests : IAsyncLifetime
{
    private const int Stop = 19;
    private const int Continue = 18;

    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly BlobIssuanceLogOptions Impatient = new()
    {
        AppendTimeout = TimeSpan.FromMilliseconds(400),
        MaxProbeDelay = TimeSpan.FromMilliseconds(400),
    };

    private BlobLogFixture? _store;

    private BlobLogFixture Store => _store ??= new BlobLogFixture();

    [SkippableTheory]
    [InlineData("create", StoreFault.LoseReply)]
    [InlineData("create", StoreFault.LoseRequest)]
    [InlineData("lease", StoreFault.LoseReply)]
    [InlineData("lease", StoreFault.LoseRequest)]
    [InlineData("appendblock", StoreFault.LoseReply)]
    [InlineData("appendblock", StoreFault.LoseRequest)]
    [InlineData("create", StoreFault.Busy)]
    [InlineData("create", StoreFault.ErrorAfter)]
    [InlineData("lease", StoreFault.Busy)]
    [InlineData("lease", StoreFault.ErrorAfter)]
    [InlineData("appendblock", StoreFault.Busy)]
    [InlineData("appendblock", StoreFault.ErrorAfter)]
    public async Task A_lost_reply_or_request_loses_nothing_and_doubles_nothing(string kind, StoreFault fault)
    {
        var faults = new StoreFaults();
        var log = Store.New(faults, new BlobIssuanceLogOptions { SegmentBytes = 3000 });
        var seen = 0;
        faults.Choose = (what, path) => what == kind && path.Contains("/log/") && Interlocked.Increment(ref seen) % 3 == 1 ? fault : StoreFault.None;
        var answered = new List<string>();
        for (var number = 0; number < 60; number++)
        {
            try
            {
                await log.AppendAsync(Records.Leaf(number), None);
                answered.Add(Records.Serial(number));
            }
            catch (IssuanceLogUnavailableException)
            {
                await BlobLogFixture.UntilAsync(() => log.IsAvailable);
            }
        }

        Assert.True(seen > 1, $"{seen} requests");
        var held = (await Store.New().ListAsync(Records.TrustDomain, null, 1000, None)).Select(found => found.Record.Serial).ToList();
        Assert.Equal(held.Count, held.Distinct().Count());
        Assert.Empty(answered.Except(held));
        Assert.InRange(answered.Count, kind == "appendblock" ? 60 : 40, 60);
        Assert.Empty(await Store.New().VerifyChainAsync(None));
    }

    [SkippableFact]
    public async Task A_store_that_hangs_is_told_at_once_and_serves_again_without_a_hand()
    {
        var faults = new StoreFaults();
        var log = Store.New(faults, Impatient);
        await log.AppendAsync(Records.Leaf(1), None);
        var hangs = true;
        faults.Choose = (_, _) => Volatile.Read(ref hangs) ? StoreFault.Hang : StoreFault.None;

        await Assert.ThrowsAsync<IssuanceLogUnavailableException>(async () => await log.AppendAsync(Records.Leaf(2), None));
        await BlobLogFixture.UntilAsync(() => !log.IsAvailable);
        await Assert.ThrowsAsync<IssuanceLogUnavailableException>(async () => await log.AppendAsync(Records.Leaf(3), None));

        Volatile.Write(ref hangs, false);
        await BlobLogFixture.UntilAsync(() => log.IsAvailable);
        await log.AppendAsync(Records.Leaf(4), None);
        var held = (await Store.New().ListAsync(Records.TrustDomain, null, 10, None)).Select(found => found.Record.Serial).ToList();
        Assert.Contains(Records.Serial(1), held);
        Assert.Contains(Records.Serial(4), held);
        Assert.DoesNotContain(Records.Serial(3), held);
        Assert.Empty(await Store.New().VerifyChainAsync(None));
    }

    [SkippableFact]
    public async Task A_frozen_store_loses_nothing_that_was_answered_for_and_doubles_nothing()
    {
        RequiredServer.Azurite();
        await using var server = await AzuriteServer.StartAsync(null, LoopbackPort.Free(), None);
        await using var store = new BlobLogFixture(server.BlobEndpoint);
        var log = store.New(options: Impatient);
        var answered = new ConcurrentBag<string>();
        var next = 0;
        using var enough = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                var record = Records.Leaf(Interlocked.Increment(ref next));
                try
                {
                    await log.AppendAsync(record, None);
                    answered.Add(record.Serial);
                }
                catch (IssuanceLogUnavailableException)
                {
                    await Task.Delay(5);
                }
            }
        })).ToArray();
        for (var round = 0; round < 2; round++)
        {
            var before = answered.Count;
            await BlobLogFixture.UntilAsync(() => answered.Count > before + 50);
            Signals.Send(server.Process.Id, Stop);
            try
            {
                await BlobLogFixture.UntilAsync(() => !log.IsAvailable);
            }
            finally
            {
                Signals.Send(server.Process.Id, Continue);
            }

            await BlobLogFixture.UntilAsync(() => log.IsAvailable);
        }

        var last = answered.Count;
        await BlobLogFixture.UntilAsync(() => answered.Count > last + 50);
        await enough.CancelAsync();
        await Task.WhenAll(writers);

        var held = (await store.New().ListAsync(Records.TrustDomain, null, int.MaxValue, None)).Select(found => found.Record.Serial).ToList();
        Assert.Equal(held.Count, held.Distinct().Count());
        Assert.Empty(answered.Except(held));
        Assert.Empty(await store.New().VerifyChainAsync(None));
    }

    [SkippableFact]
    public async Task A_full_queue_refuses_at_once()
    {
        var faults = new StoreFaults();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        faults.Before = (kind, _) => kind == "appendblock" ? release.Task : Task.CompletedTask;
        var log = Store.New(faults, new BlobIssuanceLogOptions { QueueCapacity = 4, BatchLimit = 2 });
        var appends = Enumerable.Range(0, 100).Select(number => log.AppendAsync(Records.Leaf(number), None).AsTask()).ToArray();

        Assert.Contains(appends, append => append.IsFaulted && append.Exception!.InnerException is IssuanceLogUnavailableException);
        release.SetResult();
        await Task.WhenAll(appends.Select(append => append.ContinueWith(_ => { }, TaskScheduler.Default)));
        Assert.Contains(appends, append => append.IsCompletedSuccessfully);
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
