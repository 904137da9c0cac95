using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Silo.Tests;

public sealed class BundlePublisherTests : IAsyncDisposable
{
    private static readonly TimeSpan Recheck = TimeSpan.FromMinutes(5);

    private readonly FakeTimeProvider _time = new();
    private readonly Trust _trust = new();
    private readonly Target _one = new("one");
    private readonly Target _two = new("two");
    private readonly BundlePublisher _publisher;

    public BundlePublisherTests() => _publisher = new BundlePublisher(
        [_one, _two], "silo-7", Recheck, _trust, new SystemRandomSource(), _time, NullLogger<BundlePublisher>.Instance);

    [Fact]
    public async Task Every_output_gets_the_bundle_and_each_newer_one_at_once()
    {
        _trust.Show(3);
        await _publisher.StartAsync(default);
        await UntilAsync(() => Numbers() is [3, 3]);
        _time.Advance(TimeSpan.FromSeconds(10));
        _trust.Show(4);
        await UntilAsync(() => Numbers() is [4, 4]);

        var one = _publisher.Current[0];
        Assert.Equal(("silo-7", "one", 600, null), (one.Silo, one.Target, one.DeclaredLagSeconds, one.LastFailure));
        Assert.Equal(_time.GetUtcNow(), one.Since);
        Assert.Null(_publisher.Note);
    }

    [Fact]
    public async Task Before_there_is_a_bundle_nothing_is_published()
    {
        await _publisher.StartAsync(default);
        await UntilAsync(() => _trust.HasListeners);
        Assert.Equal([0L, 0L], Numbers());
        _trust.Show(1);
        await UntilAsync(() => Numbers() is [1, 1]);
        Assert.Equal([1L], _one.Given);
    }

    [Fact]
    public async Task An_output_that_fails_is_tried_again_with_growing_pauses_and_holds_up_no_other()
    {
        _one.Answer = _ => throw new PublishingException("The disk is full.");
        _trust.Show(3);
        await _publisher.StartAsync(default);
        for (var i = 0; i < 4; i++)
        {
            // The other output waits for its recheck, this one for less.
            await UntilAsync(() => _one.Given.Count == i + 1 && Numbers()[1] == 3 && _time.ActiveTimers == 2);
            var pause = _time.UntilNextTimer!.Value;
            Assert.InRange(pause.TotalSeconds, 0.8 * (1 << i), 1.2 * (1 << i));
            _time.Advance(pause);
        }

        Assert.Equal("one: The disk is full.", _publisher.Note);
        Assert.Null(_publisher.NotReadyReason);
        Assert.InRange(_publisher.LagOf(_publisher.Outputs[0]).TotalSeconds, 12, 18);
        Assert.Equal(TimeSpan.Zero, _publisher.LagOf(_publisher.Outputs[1]));
        Assert.True(_publisher.Outputs[0].Failures >= 4);

        await UntilAsync(() => _time.ActiveTimers == 2);
        _one.Answer = bundle => bundle.Number;
        _time.Advance(_time.UntilNextTimer!.Value);
        await UntilAsync(() => Numbers() is [3, 3]);
        Assert.Null(_publisher.Note);
        Assert.Equal(TimeSpan.Zero, _publisher.LagOf(_publisher.Outputs[0]));
    }

    [Fact]
    public async Task An_output_that_stands_still_holds_up_no_other()
    {
        var still = new TaskCompletionSource<long>();
        _one.Later = still.Task;
        _trust.Show(3);
        await _publisher.StartAsync(default);
        await UntilAsync(() => Numbers() is [0, 3]);
        _trust.Show(4);
        await UntilAsync(() => Numbers() is [0, 4]);

        // What came back is older than what is known by now: it is published at once, not at the next recheck.
        _one.Later = null;
        still.SetResult(3);
        await UntilAsync(() => Numbers() is [4, 4]);
        Assert.Equal([3L, 4L], _one.Given);
    }

    [Fact]
    public async Task What_lies_there_is_looked_at_again_now_and_then()
    {
        _trust.Show(3);
        await _publisher.StartAsync(default);
        await UntilAsync(() => Numbers() is [3, 3] && _time.ActiveTimers == 2);
        _time.Advance(Recheck * 1.25);
        await UntilAsync(() => _one.Given.Count == 2 && _two.Given.Count == 2);
        Assert.Equal([3L, 3L], _one.Given);
    }

    [Fact]
    public async Task A_number_above_our_own_counts_as_our_own_and_is_told()
    {
        _one.Answer = _ => 999;
        _trust.Show(3);
        await _publisher.StartAsync(default);
        await UntilAsync(() => Numbers() is [3, 3]);
        Assert.Contains("999", _publisher.Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_older_bundle_of_this_silo_is_not_published_after_a_newer_one()
    {
        _trust.Show(4);
        await _publisher.StartAsync(default);
        await UntilAsync(() => Numbers() is [4, 4]);
        _trust.Show(3);
        _trust.Show(5);
        await UntilAsync(() => Numbers() is [5, 5]);
        Assert.Equal([4L, 5L], _one.Given);
    }

    [Fact]
    public async Task A_stop_ends_the_waiting()
    {
        _two.Answer = _ => throw new PublishingException("No.");
        _trust.Show(3);
        await _publisher.StartAsync(default);
        await UntilAsync(() => _time.ActiveTimers == 2);
        await _publisher.StopAsync(default);
        Assert.True(_publisher.ExecuteTask!.IsCompletedSuccessfully);
        Assert.Equal(0, _time.ActiveTimers);
        Assert.False(_trust.HasListeners);
    }

    public async ValueTask DisposeAsync()
    {
        await _publisher.StopAsync(default);
        _publisher.Dispose();
    }

    private long[] Numbers() => [.. _publisher.Current.Select(publication => publication.Number)];

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(2, patience.Token);
        }
    }

    private sealed class Trust : IClientTrust
    {
        public event Action? Changed;

        public SpiffeBundle? Bundle { get; private set; }

        public bool HasListeners => Changed is not null;

        public void Show(long number)
        {
            Bundle = Bundles.Numbered(number);
            Changed?.Invoke();
        }
    }

    private sealed class Target(string name) : IBundleTarget
    {
        private readonly List<long> _given = [];

        public string Name => name;

        public TimeSpan DeclaredLag => TimeSpan.FromMinutes(10);

        public Func<PublishedBundle, long> Answer { get; set; } = bundle => bundle.Number;

        public Task<long>? Later { get; set; }

        public IReadOnlyList<long> Given
        {
            get
            {
                lock (_given)
                {
                    return [.. _given];
                }
            }
        }

        public async Task<long> PublishAsync(PublishedBundle bundle, CancellationToken cancellationToken)
        {
            lock (_given)
            {
                _given.Add(bundle.Number);
            }

            return Later is { } later ? await later.WaitAsync(cancellationToken) : Answer(bundle);
        }
    }
}
