using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteIssuanceLogFailureTests : LogFixture
{
    public SqliteIssuanceLogFailureTests() => BusyTimeout = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task A_store_that_fails_is_unavailable_at_once_and_comes_back_without_a_hand()
    {
        await AppendAsync(Records.Leaf(1));
        Tamper("ALTER TABLE batch RENAME TO gone");

        await Assert.ThrowsAsync<IssuanceLogUnavailableException>(() => AppendAsync(Records.Leaf(2)));
        Assert.False(Log.IsAvailable);
        await Assert.ThrowsAsync<IssuanceLogUnavailableException>(() => AppendAsync(Records.Leaf(3)));

        await ProbeAsync(expectRecovery: false);
        Assert.False(Log.IsAvailable);

        Tamper("ALTER TABLE gone RENAME TO batch");
        await ProbeAsync(expectRecovery: true);
        await AppendAsync(Records.Leaf(2));
        Assert.Equal(2, (await Log.ListAsync(Records.TrustDomain, null, 10, CancellationToken.None)).Count);
        Assert.Empty(await Log.VerifyChainAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_store_that_another_process_holds_is_unavailable_after_the_busy_timeout()
    {
        await AppendAsync(Records.Leaf(1));
        using (var holder = Connect())
        {
            using var begin = holder.CreateCommand();
            begin.CommandText = "BEGIN IMMEDIATE";
            begin.ExecuteNonQuery();
            await Assert.ThrowsAsync<IssuanceLogUnavailableException>(() => AppendAsync(Records.Leaf(2)));
        }

        await ProbeAsync(expectRecovery: true);
        await AppendAsync(Records.Leaf(2));
    }

    [Fact]
    public async Task Every_waiter_of_a_failed_batch_is_told()
    {
        await AppendAsync(Records.Leaf(1));
        Tamper("ALTER TABLE batch RENAME TO gone");

        var appends = Enumerable.Range(10, 100).Select(number => AppendAsync(Records.Leaf(number))).ToArray();
        await Task.WhenAll(appends.Select(append => append.ContinueWith(_ => { }, TaskScheduler.Default)));

        Assert.All(appends, append => Assert.IsType<IssuanceLogUnavailableException>(append.Exception!.InnerException));
    }

    // The clock is moved until the probe has run: the log's thread answers it by itself.
    private async Task ProbeAsync(bool expectRecovery)
    {
        await WaitUntilAsync(() => Time.ActiveTimers == 1);
        Time.Advance(TimeSpan.FromSeconds(10));
        await WaitUntilAsync(() => expectRecovery ? Log.IsAvailable : Time.ActiveTimers == 1);
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
