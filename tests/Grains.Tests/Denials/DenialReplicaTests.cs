namespace MeshGrains.Grains.Tests;

public sealed class DenialReplicaTests : IAsyncDisposable
{
    private readonly SiloParts _silo = new();

    public async ValueTask DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public async Task The_set_is_fresh_for_a_lease_after_the_confirmation()
    {
        await _silo.StartAsync();
        _silo.DenialsFail = () => new IOException("The link is cut.");

        _silo.Clock.Advance(_silo.DenialOptions.Lease - TimeSpan.FromMilliseconds(1));
        Assert.NotNull(_silo.Denials.Fresh);
        _silo.Clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Null(_silo.Denials.Fresh);
        Assert.NotNull(_silo.Denials.Current);
    }

    [Fact]
    public async Task Confirming_goes_on_by_itself_and_recovers_after_an_outage()
    {
        await _silo.StartAsync();
        _silo.DenialsFail = () => new IOException("The link is cut.");
        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => _silo.Denials.Fresh is null, "the lease's end");

        _silo.DenialsFail = () => null;
        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => _silo.Denials.Fresh is not null, "the recovery");
    }

    [Fact]
    public async Task A_confirmation_that_is_never_answered_is_given_up_in_time_for_another_within_the_lease()
    {
        await _silo.StartAsync();
        var before = _silo.Confirmed.Count;
        _silo.DenialsAnswer = new TaskCompletionSource().Task;
        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => _silo.Confirmed.Count > before, "a confirmation that nobody answers");
        _silo.DenialsAnswer = Task.CompletedTask;

        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => _silo.Confirmed.Count > before + 1, "another one");
        await Waiting.UntilAsync(() => _silo.Denials.Failure is null, "its answer");
        Assert.NotNull(_silo.Denials.Fresh);
    }

    [Fact]
    public async Task A_push_is_taken_at_once_and_brings_no_confirmation_of_its_own()
    {
        await _silo.StartAsync();
        var confirmed = _silo.Denials.Current!.ConfirmedTimestamp;
        _silo.DenialsFail = () => new IOException("The link is cut.");
        _silo.Clock.Advance(TimeSpan.FromSeconds(5));
        _silo.With(DenialKind.QuarantinedIdentity, "spiffe://td.test/a");
        await _silo.PushAsync();

        Assert.True(_silo.Denials.Fresh!.Contains(DenialKind.QuarantinedIdentity, "spiffe://td.test/a"));
        Assert.Equal(confirmed, _silo.Denials.Current!.ConfirmedTimestamp);
    }

    [Fact]
    public async Task A_push_before_the_first_confirmation_is_kept_and_is_not_fresh()
    {
        _silo.With(DenialKind.QuarantinedIdentity, "spiffe://td.test/a");
        await _silo.PushAsync();

        Assert.Null(_silo.Denials.Fresh);
        Assert.Equal(1, _silo.Denials.Current!.Number);

        _silo.Set = DenialSet.Empty;
        await _silo.StartAsync();
        Assert.True(_silo.Denials.Fresh!.Contains(DenialKind.QuarantinedIdentity, "spiffe://td.test/a"));
    }

    [Fact]
    public async Task A_newer_number_is_confirmed_at_once()
    {
        _silo.With(DenialKind.BannedAgent, "spiffe://td.test/agent");
        await _silo.StartAsync();
        await Waiting.UntilAsync(() => _silo.Confirmed.Count >= 2, "the second confirmation");

        Assert.Equal([-1L, 1L], _silo.Confirmed.Take(2));
    }

    [Fact]
    public async Task An_older_set_never_replaces_a_newer_one()
    {
        await _silo.StartAsync();
        var old = _silo.Set;
        _silo.With(DenialKind.BannedAgent, "spiffe://td.test/agent");
        await _silo.PushAsync();
        _silo.Set = old;
        await _silo.PushAsync();

        Assert.Equal(1, _silo.Denials.Current!.Number);
    }

    [Fact]
    public async Task A_set_whose_roster_lacks_the_silo_is_taken_without_a_lease()
    {
        _silo.OnRoster = false;
        _silo.With(DenialKind.BannedAgent, "spiffe://td.test/agent");
        await _silo.KeyRing.StartAsync(default);
        await _silo.Denials.StartAsync(default);
        await Waiting.UntilAsync(() => _silo.Denials.Failure is not null, "the refusal");

        Assert.Equal(1, _silo.Denials.Current!.Number);
        Assert.Null(_silo.Denials.Fresh);
        Assert.False(_silo.Denials.Joined.IsCompleted);

        _silo.OnRoster = true;
        await _silo.Clock.AdvanceUntilAsync(TimeSpan.FromMilliseconds(100), () => _silo.Denials.Fresh is not null, "the lease");
    }

    [Fact]
    public async Task A_silo_that_stops_gives_its_lease_up_before_it_says_so()
    {
        await _silo.StartAsync();
        Assert.NotNull(_silo.Denials.Fresh);

        await _silo.Denials.StopAsync(default);
        await _silo.Denials.StopAsync(default);

        Assert.Equal(("silo-1", _silo.Identity.Incarnation, false), Assert.Single(_silo.Goodbyes));
        Assert.Null(_silo.Denials.Fresh);
    }

    [Fact]
    public async Task Each_newer_number_is_told_once()
    {
        await _silo.StartAsync();
        var told = new List<long>();
        _silo.Denials.Changed += snapshot => told.Add(snapshot.Number);
        _silo.With(DenialKind.BannedAgent, "spiffe://td.test/agent");
        await _silo.PushAsync();
        await _silo.PushAsync();

        Assert.Equal([1L], told);
    }
}
