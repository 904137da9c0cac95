using System.Collections.Concurrent;

namespace MeshGrains.LocalCluster.Tests;

public sealed class SupervisedProcessTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<string> _told = new();
    private SupervisedProcess? _process;

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_killed_process_is_started_again()
    {
        var process = await StartAsync("exec sleep 600");
        var first = process.Id;

        await process.KillAsync();
        await UntilAsync(() => process.Id is { } id && id != first);

        Assert.Equal((2, 1, SupervisedState.Running), (process.Starts, process.Restarts, process.State));
        Assert.StartsWith("ended with 137", process.LastEnd, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_held_process_stays_away_until_it_is_released()
    {
        var process = await StartAsync("exec sleep 600");
        process.Held = true;

        await process.KillAsync();
        await UntilAsync(() => process.State == SupervisedState.Waiting);
        Assert.Null(process.Id);
        process.Held = false;

        await UntilAsync(() => process.Id is not null);
    }

    [Fact]
    public async Task A_wrong_configuration_is_told_and_not_started_again()
    {
        var process = await StartAsync("echo 'no such key' >&2; exit 2");

        await UntilAsync(() => process.State == SupervisedState.Failed);

        Assert.Equal(1, process.Starts);
        Assert.Contains(_told, text => text.Contains("cannot work with its configuration", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stopped_process_gets_SIGTERM_and_is_not_started_again()
    {
        using var directory = new TempDirectory();
        var marker = directory.File("stopped");
        var process = await StartAsync($"trap 'touch {marker}; exit 0' TERM; echo ready; while :; do sleep 0.05; done");
        await UntilAsync(() => process.Output.Contains("ready", StringComparison.Ordinal));

        await process.StopAsync(Patience);

        Assert.True(File.Exists(marker));
        Assert.Equal((1, SupervisedState.Stopped, null), (process.Starts, process.State, process.Id));
    }

    [Fact]
    public async Task A_frozen_process_can_still_be_stopped()
    {
        var process = await StartAsync("exec sleep 600");
        process.Freeze();

        await process.StopAsync(Patience);

        Assert.Null(process.Id);
    }

    [Fact]
    public async Task A_first_start_that_fails_is_thrown()
    {
        _process = new SupervisedProcess("nothing", _ => throw new InvalidOperationException("no"), _told.Enqueue);

        await Assert.ThrowsAsync<InvalidOperationException>(() => _process.StartAsync(CancellationToken.None));
    }

    private async Task<SupervisedProcess> StartAsync(string script)
    {
        _process = new SupervisedProcess("test", _ => Task.FromResult(ChildProcess.Start("/bin/sh", ["-c", script])), _told.Enqueue);
        await _process.StartAsync(CancellationToken.None);
        return _process;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!condition())
        {
            await Task.Delay(5, limit.Token);
        }
    }
}
