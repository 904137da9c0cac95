using MeshGrains.Testing;

namespace MeshGrains.Storage.Tests;

public sealed class SharedReadsTests
{
    private readonly FakeTimeProvider _time = new();
    private int _asked;

    private SharedReads<int> Reads() => new(TimeSpan.FromSeconds(1), _time);

    private async Task<int> AskAsync(Task until)
    {
        var number = Interlocked.Increment(ref _asked);
        await until;
        return number;
    }

    [Fact]
    public async Task Callers_that_come_together_share_one_read()
    {
        var (reads, held) = (Reads(), new TaskCompletionSource());
        var first = reads.ReadAsync("a", () => AskAsync(held.Task), CancellationToken.None).AsTask();
        var second = reads.ReadAsync("a", () => AskAsync(held.Task), CancellationToken.None).AsTask();

        held.SetResult();

        Assert.Equal((1, 1), (await first, await second));
        Assert.Equal(2, await reads.ReadAsync("b", () => AskAsync(held.Task), CancellationToken.None));
    }

    [Fact]
    public async Task An_answer_serves_until_its_reads_beginning_is_too_long_ago()
    {
        var (reads, held) = (Reads(), new TaskCompletionSource());
        var slow = reads.ReadAsync("a", () => AskAsync(held.Task), CancellationToken.None).AsTask();
        _time.Advance(TimeSpan.FromSeconds(1));
        held.SetResult();

        Assert.Equal(1, await slow);
        Assert.Equal(2, await reads.ReadAsync("a", () => AskAsync(held.Task), CancellationToken.None));
        Assert.Equal(2, await reads.ReadAsync("a", () => AskAsync(held.Task), CancellationToken.None));
    }

    [Fact]
    public async Task A_change_makes_the_next_read_begin_anew()
    {
        var reads = Reads();
        Assert.Equal(1, await reads.ReadAsync("a", () => AskAsync(Task.CompletedTask), CancellationToken.None));

        reads.Forget("a");

        Assert.Equal(2, await reads.ReadAsync("a", () => AskAsync(Task.CompletedTask), CancellationToken.None));
    }

    [Fact]
    public async Task A_failure_serves_nobody_later()
    {
        var reads = Reads();
        await Assert.ThrowsAsync<IOException>(async () => await reads.ReadAsync("a", () => Task.FromException<int>(new IOException()), CancellationToken.None));

        Assert.Equal(1, await reads.ReadAsync("a", () => AskAsync(Task.CompletedTask), CancellationToken.None));
    }

    [Fact]
    public async Task Who_stops_waiting_ends_nobody_elses_read()
    {
        var (reads, held, gone) = (Reads(), new TaskCompletionSource(), new CancellationTokenSource());
        var leaving = reads.ReadAsync("a", () => AskAsync(held.Task), gone.Token).AsTask();
        var staying = reads.ReadAsync("a", () => AskAsync(held.Task), CancellationToken.None).AsTask();

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        held.SetResult();

        Assert.Equal(1, await staying);
        gone.Dispose();
    }
}
