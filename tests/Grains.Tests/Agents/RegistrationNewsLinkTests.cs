using System.Collections.Concurrent;
using System.Collections.Immutable;
using MeshGrains.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains.Tests;

/// <summary>One silo's link to a journal that stands for the grain: what is lost on the way, and how it comes about all the same.</summary>
public sealed class RegistrationNewsLinkTests : IAsyncLifetime, IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly RegistrationChanges _changes = new();
    private readonly ConcurrentQueue<string?> _heard = new();
    private readonly ConcurrentQueue<ImmutableArray<string>> _announced = new();
    private readonly RegistrationNewsLink _link;
    private RegistrationJournal _journal = new("e1", 100);
    private bool _cut;
    private int _follows;
    private bool _left;

    public RegistrationNewsLinkTests()
    {
        var options = Options.Create(new TrustDomainOptions { Name = "td.test" });
        _changes.Changed += _heard.Enqueue;
        _link = new RegistrationNewsLink(
            StubGrains.Answering(Answer), _changes, new SiloIdentity(options, new SystemRandomSource()), options, new SystemRandomSource(), _clock,
            NullLogger<RegistrationNewsLink>.Instance);
    }

    public async Task InitializeAsync()
    {
        await _link.StartAsync(default);
        await Waiting.UntilAsync(() => _heard.Contains(null), "the first news");
        _heard.Clear();
    }

    public Task DisposeAsync() => _link.StopAsync(default);

    public void Dispose() => _link.Dispose();

    [Fact]
    public async Task What_another_silo_wrote_is_told_here_when_it_is_pushed()
    {
        await PushAsync("a", "b");

        Assert.Equal(["a", "b"], _heard);
        Assert.Equal(1, _follows);
    }

    [Fact]
    public async Task What_this_silo_wrote_is_told_here_at_once_and_to_the_others_soon()
    {
        _changes.Raise("a");

        Assert.Equal(["a"], _heard);
        await Waiting.UntilAsync(() => !_announced.IsEmpty, "the announcement");
        Assert.Equal("a", Assert.Single(Assert.Single(_announced)));
    }

    [Fact]
    public async Task A_push_that_was_lost_is_found_by_the_numbers_of_the_next()
    {
        _journal.Add("other", ["lost"], anyone: false);
        await PushAsync("next");

        await Waiting.UntilAsync(() => _heard.Contains("lost"), "the lost one");
        Assert.DoesNotContain(null, _heard);
    }

    [Fact]
    public async Task A_push_that_was_lost_is_found_within_seconds_when_no_other_comes()
    {
        _journal.Add("other", ["lost"], anyone: false);
        await _clock.AdvanceUntilAsync(TimeSpan.FromMilliseconds(500), () => _heard.Contains("lost"), "the lost one");

        Assert.True(_follows >= 2);
        Assert.DoesNotContain(null, _heard);
    }

    [Fact]
    public async Task A_grain_that_began_anew_makes_it_anyones()
    {
        _journal = new RegistrationJournal("e2", 100);
        await _clock.AdvanceUntilAsync(TimeSpan.FromMilliseconds(500), () => _heard.Contains(null), "the new count");
        _heard.Clear();
        await PushAsync("a");

        Assert.Equal(["a"], _heard);
    }

    [Fact]
    public async Task What_was_written_while_nobody_could_be_reached_is_told_afterwards()
    {
        _cut = true;
        _changes.Raise("a");
        await _clock.AdvanceUntilAsync(TimeSpan.FromMilliseconds(100), () => _announced.Count >= 2, "attempts in vain");
        _changes.Raise("b");
        _cut = false;
        await _clock.AdvanceUntilAsync(TimeSpan.FromMilliseconds(100), () => _journal.Number > 0, "an attempt that reaches the grain");

        Assert.Equal(["a", "b"], _journal.Since("other", "e1", 0).Parents.Distinct().Order());
    }

    [Fact]
    public async Task What_was_written_in_the_last_moment_is_told_before_the_silo_leaves()
    {
        _cut = true;
        _changes.Raise("a");
        await _clock.AdvanceUntilAsync(TimeSpan.FromMilliseconds(100), () => !_announced.IsEmpty, "an attempt in vain");
        _cut = false;
        await _link.StopAsync(default);

        Assert.Contains("a", _journal.Since("other", "e1", 0).Parents);
        Assert.True(_left);
    }

    private async Task PushAsync(params string[] parents)
    {
        var before = _journal.Number;
        _journal.Add("other", [.. parents], anyone: false);
        await ((IRegistrationObserver)_link).ChangedAsync(_journal.Since("me", _journal.Epoch, before));
    }

    private object? Answer(Type grain, string method, object?[] arguments)
    {
        switch (method)
        {
            case nameof(IRegistrationNewsGrain.FollowAsync):
                Interlocked.Increment(ref _follows);
                return _cut ? Task.FromException<RegistrationNews>(new IOException("cut"))
                    : Task.FromResult(_journal.Since((string)arguments[0]!, (string)arguments[1]!, (long)arguments[2]!));
            case nameof(IRegistrationNewsGrain.AnnounceAsync):
                var parents = (ImmutableArray<string>)arguments[1]!;
                _announced.Enqueue(parents);
                if (_cut)
                {
                    return Task.FromException(new IOException("cut"));
                }

                _journal.Add((string)arguments[0]!, parents, (bool)arguments[2]!);
                return Task.CompletedTask;
            default:
                _left = true;
                return Task.CompletedTask;
        }
    }
}
