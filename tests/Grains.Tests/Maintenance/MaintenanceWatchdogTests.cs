using System.Collections.Concurrent;
using MeshGrains.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains.Tests;

public sealed class MaintenanceWatchdogTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly ConcurrentQueue<string> _ticks = new();
    private readonly RecordKeyRing _keys;
    private readonly MaintenanceWatchdog _watchdog;
    private Func<Type, Task> _answer = _ => Task.CompletedTask;

    public MaintenanceWatchdogTests()
    {
        var random = new SystemRandomSource();
        _keys = new RecordKeyRing(new MemoryRecordKeys(), new FakeKeys(new Faults()), new RecordAuthenticator(), random, _clock, NullLogger<RecordKeyRing>.Instance);
        var grains = StubGrains.Answering((grain, method, _) =>
        {
            _ticks.Enqueue($"{grain.Name}.{method}");
            return _answer(grain);
        });
        _watchdog = new MaintenanceWatchdog(
            grains, _keys, Options.Create(new TrustDomainOptions { Name = "td.test" }), Options.Create(new CaOptions()), random, _clock,
            NullLogger<MaintenanceWatchdog>.Instance);
    }

    [Fact]
    public async Task It_asks_the_cluster_CA_and_every_shard_every_few_minutes_and_goes_on_after_failures()
    {
        _answer = grain => grain == typeof(IClusterCaGrain) ? Task.FromException(new IOException("away")) : Task.CompletedTask;
        await _keys.StartAsync(default);
        await _watchdog.StartAsync(default);
        for (var round = 1; round <= 3; round++)
        {
            await _clock.AdvanceUntilAsync(
                TimeSpan.FromSeconds(20), () => _ticks.Count >= round * (1 + MaintenanceShards.Count), $"round {round}");
        }

        Assert.Equal(3, _ticks.Count(tick => tick == "IClusterCaGrain.TickAsync"));
        Assert.Equal(3 * MaintenanceShards.Count, _ticks.Count(tick => tick == "IMaintenanceGrain.TickAsync"));
    }

    [Fact]
    public async Task Without_the_record_key_it_asks_nobody()
    {
        await _watchdog.StartAsync(default);
        _clock.Advance(TimeSpan.FromHours(1));
        await _watchdog.StopAsync(default);

        Assert.Empty(_ticks);
    }

    [Fact]
    public async Task A_call_that_is_never_answered_does_not_keep_it_from_stopping()
    {
        _answer = _ => new TaskCompletionSource().Task;
        await _keys.StartAsync(default);
        await _watchdog.StartAsync(default);
        await _clock.AdvanceUntilAsync(TimeSpan.FromSeconds(20), () => !_ticks.IsEmpty, "the first tick");

        await _watchdog.StopAsync(default).WaitAsync(TimeSpan.FromSeconds(30));
    }

    public async ValueTask DisposeAsync()
    {
        await _watchdog.StopAsync(default);
        await _keys.StopAsync(default);
        _watchdog.Dispose();
        _keys.Dispose();
    }
}
