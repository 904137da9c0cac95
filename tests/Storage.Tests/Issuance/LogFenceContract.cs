using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

/// <summary>What every issuance log promises of seals and anchors.</summary>
public abstract class LogFenceContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>The log over its store; the same one until <see cref="RestartAsync"/>.</summary>
    protected abstract ValueTask<IIssuanceLog> LogAsync();

    /// <summary>Closes the log; what opens next is another process over the same store.</summary>
    protected abstract ValueTask RestartAsync();

    [SkippableFact]
    public async Task A_sealed_shard_takes_no_more_records_and_shows_those_it_has()
    {
        var log = await LogAsync();
        await log.AppendAsync(Records.Leaf(1), None);

        await log.SealAsync(Records.TrustDomain, Records.Issuer, None);

        var refused = await Assert.ThrowsAsync<IssuanceShardSealedException>(async () => await log.AppendAsync(Records.Leaf(2), None));
        Assert.Equal(Records.Issuer, refused.IssuerAuthorityId);
        Assert.NotNull(await log.FindBySerialAsync(Records.TrustDomain, Records.Serial(1), null, None));
        Assert.Null(await log.FindBySerialAsync(Records.TrustDomain, Records.Serial(2), null, None));
        Assert.True(log.IsAvailable);
        Assert.Empty(await log.VerifyChainAsync(None));
    }

    [SkippableFact]
    public async Task A_tokens_record_is_fenced_with_its_silos_shard_and_keeps_no_CA_alive()
    {
        var log = await LogAsync();
        await log.AppendAsync(Records.Leaf(1) with { Kind = IssuanceRecordKind.JwtSvid }, None);
        Assert.DoesNotContain(await log.CountLiveAsync(Records.TrustDomain, Records.Start, None), count => count.Value > 0);
        await log.SealAsync(Records.TrustDomain, Records.Issuer, None);
        await Assert.ThrowsAsync<IssuanceShardSealedException>(async () => await log.AppendAsync(Records.Leaf(2) with { Kind = IssuanceRecordKind.JwtSvid }, None));
        await RestartAsync();

        Assert.Equal(IssuanceRecordKind.JwtSvid, (await (await LogAsync()).FindBySerialAsync(Records.TrustDomain, Records.Serial(1), null, None))!.Kind);
        Assert.Empty(await (await LogAsync()).VerifyChainAsync(None));
    }

    [SkippableFact]
    public async Task A_seal_outlives_the_process()
    {
        await (await LogAsync()).AppendAsync(Records.Leaf(1), None);
        await (await LogAsync()).SealAsync(Records.TrustDomain, Records.Issuer, None);
        await RestartAsync();

        var log = await LogAsync();
        await Assert.ThrowsAsync<IssuanceShardSealedException>(async () => await log.AppendAsync(Records.Leaf(2), None));
        Assert.Equal(1, Assert.Single(await log.CountLiveAsync(Records.TrustDomain, Records.Start, None)).Value);
        Assert.Empty(await log.VerifyChainAsync(None));
    }

    [SkippableFact]
    public async Task A_shard_that_does_not_exist_yet_is_sealed_too()
    {
        await (await LogAsync()).SealAsync(Records.TrustDomain, Records.Issuer, None);
        await Assert.ThrowsAsync<IssuanceShardSealedException>(async () => await (await LogAsync()).AppendAsync(Records.Leaf(1), None));
        await RestartAsync();

        var log = await LogAsync();
        await Assert.ThrowsAsync<IssuanceShardSealedException>(async () => await log.AppendAsync(Records.Leaf(1), None));
        Assert.Empty(await log.ListAsync(Records.TrustDomain, null, 10, None));
        Assert.Empty(await log.CountLiveAsync(Records.TrustDomain, Records.Start, None));
        Assert.Empty(await log.VerifyChainAsync(None));
    }

    [SkippableFact]
    public async Task Sealing_twice_changes_nothing()
    {
        var log = await LogAsync();
        await log.AppendAsync(Records.Leaf(1), None);
        await log.SealAsync(Records.TrustDomain, Records.Issuer, None);
        await log.SealAsync(Records.TrustDomain, Records.Issuer, None);
        await RestartAsync();
        await (await LogAsync()).SealAsync(Records.TrustDomain, Records.Issuer, None);

        Assert.Single(await (await LogAsync()).ListAsync(Records.TrustDomain, null, 10, None));
        Assert.Empty(await (await LogAsync()).VerifyChainAsync(None));
    }

    [SkippableFact]
    public async Task Records_for_a_sealed_shard_fail_alone_and_the_others_go_in()
    {
        var log = await LogAsync();
        await log.SealAsync(Records.TrustDomain, "sealed", None);

        var appends = Enumerable.Range(0, 60)
            .Select(number => log.AppendAsync(Records.Leaf(number, issuer: number % 3 == 0 ? "sealed" : $"open-{number % 3}"), None).AsTask()).ToArray();
        await Task.WhenAll(appends.Select(append => append.ContinueWith(_ => { }, TaskScheduler.Default)));

        for (var number = 0; number < appends.Length; number++)
        {
            if (number % 3 == 0)
            {
                Assert.IsType<IssuanceShardSealedException>(appends[number].Exception?.InnerException);
            }
            else
            {
                Assert.True(appends[number].IsCompletedSuccessfully, appends[number].Exception?.ToString());
            }
        }

        Assert.Equal(40, (await log.ListAsync(Records.TrustDomain, null, 100, None)).Count);
        Assert.Empty(await log.VerifyChainAsync(None));
    }

    [SkippableFact]
    public async Task A_seal_under_load_leaves_only_what_was_answered_for()
    {
        var log = await LogAsync();
        var answered = new System.Collections.Concurrent.ConcurrentBag<string>();
        var next = 0;
        var writers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    var record = Records.Leaf(Interlocked.Increment(ref next));
                    await log.AppendAsync(record, None);
                    answered.Add(record.Serial);
                }
            }
            catch (IssuanceShardSealedException)
            {
                // What it waits for.
            }
        })).ToArray();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (answered.Count < 20)
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        await log.SealAsync(Records.TrustDomain, Records.Issuer, None);
        var held = (await log.ListAsync(Records.TrustDomain, null, int.MaxValue, None)).Select(found => found.Record.Serial).ToArray();
        await Task.WhenAll(writers);

        Assert.Equal(held.Order(), answered.Order());
        Assert.Equal(held.Length, (await log.ListAsync(Records.TrustDomain, null, int.MaxValue, None)).Count);
    }

    [SkippableFact]
    public async Task An_anchor_only_grows_and_outlives_the_process()
    {
        var log = await LogAsync();
        Assert.Equal(0, await log.ReadAnchorAsync(Records.TrustDomain, LogAnchor.Denials, None));
        await log.RaiseAnchorAsync(Records.TrustDomain, LogAnchor.Denials, 5, None);
        await log.RaiseAnchorAsync(Records.TrustDomain, LogAnchor.Denials, 3, None);
        Assert.Equal(5, await log.ReadAnchorAsync(Records.TrustDomain, LogAnchor.Denials, None));
        Assert.Equal(0, await log.ReadAnchorAsync("other.example", LogAnchor.Denials, None));
        await RestartAsync();

        Assert.Equal(5, await (await LogAsync()).ReadAnchorAsync(Records.TrustDomain, LogAnchor.Denials, None));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            async () => await (await LogAsync()).RaiseAnchorAsync(Records.TrustDomain, LogAnchor.Denials, -1, None));
    }

    [SkippableFact]
    public async Task Anchors_raised_at_once_end_at_the_highest()
    {
        var log = await LogAsync();
        await Task.WhenAll(Enumerable.Range(1, 16).Select(value => log.RaiseAnchorAsync(Records.TrustDomain, LogAnchor.Denials, value, None).AsTask()));

        Assert.Equal(16, await log.ReadAnchorAsync(Records.TrustDomain, LogAnchor.Denials, None));
    }
}
