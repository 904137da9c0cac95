using MeshGrains.Keys.Azure;
using MeshGrains.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Keys.Tests.Azure;

/// <summary>How long is waited, to the tick: the clock moves only where a test moves it.</summary>
public sealed class VaultCallsTests
{
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromMinutes(5);
    private readonly FakeTimeProvider _time = new();
    private double _jitter = 0.5;

    [Fact]
    public async Task Without_Retry_After_the_waits_double_from_a_second_and_end_after_four()
    {
        var (waits, error) = await WaitsOf(() => new VaultRequestException(429, "Throttled", null, null));
        Assert.Equal([1, 2, 4, 8], waits.Select(w => w.TotalSeconds));
        Assert.Equal(KeyManagerError.Throttled, error!.Kind);
    }

    [Theory]
    [InlineData(0.0, 10)]
    [InlineData(1.0, 12)]
    public async Task Retry_After_is_kept_to_and_spread_by_a_fifth_upwards(double jitter, double seconds)
    {
        _jitter = jitter;
        var (waits, _) = await WaitsOf(() => new VaultRequestException(429, "Throttled", null, TimeSpan.FromSeconds(10)));
        Assert.Equal([seconds, seconds, seconds, seconds], waits.Select(w => w.TotalSeconds));
    }

    [Theory]
    [InlineData(0.0, 0.75)]
    [InlineData(1.0, 1.25)]
    public async Task Waits_without_Retry_After_are_spread_both_ways(double jitter, double first)
    {
        _jitter = jitter;
        var (waits, _) = await WaitsOf(() => new VaultRequestException(429, "Throttled", null, null));
        Assert.Equal(first, waits[0].TotalSeconds);
        Assert.All(waits.Zip(waits.Skip(1)), pair => Assert.Equal(2 * pair.First, pair.Second));
    }

    [Fact]
    public async Task A_wait_never_exceeds_the_longest()
    {
        var (waits, _) = await WaitsOf(
            () => new VaultRequestException(429, "Throttled", null, null), new RemoteCallOptions { MaxRetries = 8 });
        Assert.Equal([1, 2, 4, 8, 16, 20, 20, 20], waits.Select(w => w.TotalSeconds));
    }

    [Fact]
    public async Task Faults_are_retried_sooner_than_throttling()
    {
        var (waits, error) = await WaitsOf(() => new VaultRequestException(503, null, null, null), new RemoteCallOptions { BreakerThreshold = 100 });
        Assert.Equal([0.25, 0.5, 1, 2], waits.Select(w => w.TotalSeconds));
        Assert.Equal(KeyManagerError.Unavailable, error!.Kind);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(409)]
    public async Task Refusals_are_not_retried(int status)
    {
        var (waits, error) = await WaitsOf(() => new VaultRequestException(status, null, null, null));
        Assert.Empty(waits);
        Assert.NotNull(error);
    }

    [Fact]
    public async Task The_breaker_opens_lets_one_call_through_after_its_pause_and_closes_on_success()
    {
        var calls = Calls(new RemoteCallOptions { MaxRetries = 0, BreakerThreshold = 3, BreakerPause = TimeSpan.FromSeconds(5) });
        var sent = 0;
        var healthy = false;
        Task<int> Call() => calls.RunAsync("sign", "Signing", true, _ => Task.FromResult(Answer()), default);
        int Answer() => ++sent > 0 && healthy ? 7 : throw new VaultRequestException(500, null, null, null);

        for (var i = 0; i < 3; i++)
        {
            await Refusal.Of(KeyManagerError.Unavailable, async () => { _ = await Call(); });
        }

        Assert.Equal(3, sent);
        var broken = await Refusal.Of(KeyManagerError.Unavailable, async () => { _ = await Call(); });
        Assert.Contains("left alone", broken.Message, StringComparison.Ordinal);
        Assert.Equal(3, sent);

        _time.Advance(TimeSpan.FromSeconds(6));
        await Refusal.Of(KeyManagerError.Unavailable, async () => { _ = await Call(); });
        Assert.Equal(4, sent);
        await Refusal.Of(KeyManagerError.Unavailable, async () => { _ = await Call(); });
        Assert.Equal(4, sent);

        healthy = true;
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(7, await Call());
        Assert.Equal(7, await Call());
        Assert.Equal(6, sent);
    }

    [Fact]
    public async Task Throttling_does_not_open_the_breaker()
    {
        var calls = Calls(new RemoteCallOptions { MaxRetries = 0, BreakerThreshold = 2 });
        for (var i = 0; i < 20; i++)
        {
            await Refusal.Of(KeyManagerError.Throttled, async () =>
                { _ = await calls.RunAsync<int>("sign", "Signing", true, _ => throw new VaultRequestException(429, null, null, null), default); });
        }
    }

    [Fact]
    public async Task Every_attempt_costs_the_budget_and_time_fills_it_again()
    {
        var budget = new CallBudget(3, 0.5, _time);
        var calls = Calls(new RemoteCallOptions { MaxRetries = 0 }, budget);
        var sent = 0;
        Task<int> Call() => calls.RunAsync("sign", "Signing", true, _ => Task.FromResult(++sent), default);
        for (var i = 0; i < 3; i++)
        {
            await Call();
        }

        var error = await Refusal.Of(KeyManagerError.BudgetExhausted, async () => { _ = await Call(); });
        Assert.Equal(TimeSpan.FromSeconds(2), error.RetryAfter);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(4, await Call());
        await Refusal.Of(KeyManagerError.BudgetExhausted, async () => { _ = await Call(); });
    }

    [Fact]
    public async Task An_open_breaker_costs_no_budget()
    {
        var budget = new CallBudget(5, 0.0001, _time);
        var calls = Calls(new RemoteCallOptions { MaxRetries = 0, BreakerThreshold = 2, BreakerPause = TimeSpan.FromSeconds(5) }, budget);
        for (var i = 0; i < 50; i++)
        {
            await Refusal.Of(KeyManagerError.Unavailable, async () =>
                { _ = await calls.RunAsync<int>("sign", "Signing", true, _ => throw new VaultRequestException(500, null, null, null), default); });
        }

        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(1, await calls.RunAsync("sign", "Signing", true, _ => Task.FromResult(1), default));
    }

    private VaultCalls Calls(RemoteCallOptions remote, CallBudget? budget = null) =>
        new(new KeyManagerOptions { Remote = remote, Jitter = () => _jitter, Budget = budget ?? new CallBudget(1000, 1000, _time) }, _time, NullLogger.Instance);

    private async Task<(List<TimeSpan> Waits, KeyManagerException? Error)> WaitsOf(Func<Exception> failure, RemoteCallOptions? remote = null)
    {
        var waits = new List<TimeSpan>();
        var attempts = 0;
        var running = Calls((remote ?? new RemoteCallOptions()) with { AttemptTimeout = AttemptTimeout }).RunAsync<int>(
            "sign", "Signing", true,
            _ =>
            {
                attempts++;
                throw failure();
            },
            default);
        while (!running.IsCompleted)
        {
            // The timer of an attempt's own time limit may stand as well; it is the longer one.
            if (_time.UntilNextTimer is { } wait && wait < AttemptTimeout / 2 && waits.Count < attempts)
            {
                waits.Add(wait);
                _time.Advance(wait);
            }

            await Task.Yield();
        }

        var error = await Assert.ThrowsAsync<KeyManagerException>(() => running);
        Assert.Equal(waits.Count + 1, attempts);
        return (waits, error);
    }
}
