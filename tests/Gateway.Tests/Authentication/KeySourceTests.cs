using MeshGrains.Testing;

namespace MeshGrains.Gateway.Tests.Authentication;

public sealed class KeySourceTests : IDisposable
{
    private readonly TokenHarness _harness = new("ES256", options =>
    {
        options.KeyRefresh = TimeSpan.FromMinutes(15);
        options.MaxKeyAge = TimeSpan.FromHours(2);
    });

    public void Dispose() => _harness.Dispose();

    [Fact]
    public async Task A_rotated_key_is_fetched_by_the_first_token_that_names_it()
    {
        Assert.Null(await _harness.ReasonAsync(_harness.Issuer.Create()));
        _harness.Issuer.AddKey("ES256");
        _harness.Time.Advance(TimeSpan.FromSeconds(30));

        Assert.Null(await _harness.ReasonAsync(_harness.Issuer.Create()));
        Assert.Equal(2, _harness.Loader.Loads);
    }

    [Fact]
    public async Task A_retired_key_is_no_longer_taken_after_the_next_refresh()
    {
        var old = _harness.Issuer.Create(options: new() { Lifetime = TimeSpan.FromHours(3) });
        Assert.Null(await _harness.ReasonAsync(old));
        _harness.Issuer.AddKey("ES256");
        _harness.Issuer.RetireOldestKey();
        _harness.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Null(await _harness.ReasonAsync(_harness.Issuer.Create()));

        Assert.Equal("token_unknown_key", await _harness.ReasonAsync(old));
    }

    [Fact]
    public async Task A_flood_of_unknown_kids_loads_once_in_30_seconds()
    {
        var unknown = _harness.Issuer.Create(options: new() { KeyId = "made-up", Lifetime = TimeSpan.FromHours(1) });
        for (var i = 0; i < 1000; i++)
        {
            Assert.Equal("token_unknown_key", await _harness.ReasonAsync(unknown));
        }

        Assert.Equal(1, _harness.Loader.Loads);
        _harness.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal("token_unknown_key", await _harness.ReasonAsync(unknown));
        Assert.Equal(1, _harness.Loader.Loads);
        _harness.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("token_unknown_key", await _harness.ReasonAsync(unknown));
        Assert.Equal(2, _harness.Loader.Loads);
    }

    [Fact]
    public async Task Many_who_wait_share_one_load_and_those_beyond_the_bound_are_turned_away_at_once()
    {
        _harness.Loader.Hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var token = _harness.Issuer.Create();
        var calls = Enumerable.Range(0, 100).Select(_ => _harness.VerifyAsync(token).AsTask()).ToList();
        Assert.Equal(36, calls.Count(call => call.IsCompletedSuccessfully));
        Assert.All(calls.Where(call => call.IsCompletedSuccessfully), call =>
        {
            Assert.Equal("token_keys_unavailable", call.GetAwaiter().GetResult().Refusal!.Reason);
            Assert.Equal(Grains.RefusalCode.Unavailable, call.GetAwaiter().GetResult().Refusal!.Code);
            Assert.True(call.GetAwaiter().GetResult().Refusal!.RetryAfter > TimeSpan.Zero);
        });

        _harness.Loader.Hold.SetResult();
        var results = await Task.WhenAll(calls);
        Assert.Equal(64, results.Count(result => result.Succeeded));
        Assert.Equal(1, _harness.Loader.Loads);
    }

    [Fact]
    public async Task Known_keys_are_found_while_a_load_hangs()
    {
        var known = _harness.Issuer.Create();
        Assert.Null(await _harness.ReasonAsync(known));
        _harness.Time.Advance(TimeSpan.FromSeconds(31));
        _harness.Loader.Hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = _harness.VerifyAsync(_harness.Issuer.Create(options: new() { KeyId = "made-up" })).AsTask();

        Assert.False(waiting.IsCompleted);
        Assert.True(_harness.VerifyAsync(known).AsTask().IsCompletedSuccessfully);
        _harness.Loader.Hold.SetResult();
        Assert.Equal("token_unknown_key", (await waiting).Refusal!.Reason);
    }

    [Fact]
    public async Task A_caller_who_gives_up_waiting_does_not_stop_the_load_for_others()
    {
        _harness.Loader.Hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var gone = new CancellationTokenSource();
        var first = _harness.Keys.FindAsync(_harness.Issuer.KeyId, gone.Token).AsTask();
        var second = _harness.Keys.FindAsync(_harness.Issuer.KeyId, CancellationToken.None).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        _harness.Loader.Hold.SetResult();
        Assert.NotNull((await second).Key);
        Assert.Equal(1, _harness.Loader.Loads);
    }

    [Fact]
    public async Task Without_keys_the_answer_is_unavailable_with_a_hint_and_the_source_is_asked_again_soon()
    {
        _harness.Loader.Down = true;
        var token = _harness.Issuer.Create();
        for (var i = 0; i < 100; i++)
        {
            var refusal = (await _harness.VerifyAsync(token)).Refusal!;
            Assert.Equal("token_keys_unavailable", refusal.Reason);
            Assert.Equal(Grains.RefusalCode.Unavailable, refusal.Code);
            Assert.InRange(refusal.RetryAfter!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));
        }

        Assert.Equal(1, _harness.Loader.Loads);
        _harness.Loader.Down = false;
        _harness.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(await _harness.ReasonAsync(token));
    }

    [Fact]
    public async Task Keys_stay_in_use_while_the_source_is_down_but_not_for_ever()
    {
        var token = _harness.Issuer.Create(options: new() { Lifetime = TimeSpan.FromHours(10) });
        Assert.Null(await _harness.ReasonAsync(token));
        _harness.Loader.Down = true;
        _harness.Time.Advance(TimeSpan.FromMinutes(119));
        Assert.Null(await _harness.ReasonAsync(token));
        await _harness.Idle();

        Assert.Equal("token_keys_unavailable", await _harness.ReasonAsync(new KubernetesTokenOptions { KeyId = "made-up" }));
        _harness.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("token_keys_unavailable", await _harness.ReasonAsync(token));
    }

    [Fact]
    public async Task Keys_older_than_the_refresh_time_are_used_and_fetched_anew_beside()
    {
        var token = _harness.Issuer.Create();
        Assert.Null(await _harness.ReasonAsync(token));
        _harness.Time.Advance(TimeSpan.FromMinutes(15));
        Assert.Null(await _harness.ReasonAsync(token));
        await _harness.Idle();
        Assert.Equal(2, _harness.Loader.Loads);
        Assert.Null(await _harness.ReasonAsync(token));
        await _harness.Idle();
        Assert.Equal(2, _harness.Loader.Loads);
    }

    [Fact]
    public async Task A_changed_key_file_is_noticed_within_30_seconds_and_a_broken_one_changes_nothing()
    {
        using var folder = new TempDirectory();
        var time = new FakeTimeProvider();
        using var issuer = new KubernetesTokens("ES256", time: time);
        var path = issuer.WriteJwks(folder.File("jwks.json"));
        var source = new KeySource(
            "file", new JwksFileLoader(path, time), KeySourceTimes.ForFile(new KubernetesIssuerOptions()), time,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<KeySource>.Instance);
        var first = issuer.KeyId;
        Assert.NotNull((await source.FindAsync(first, CancellationToken.None)).Key);

        var second = issuer.AddKey("ES256");
        issuer.WriteJwks(path);
        Assert.Equal(KeyLookup.Unknown, await source.FindAsync(second, CancellationToken.None));
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.NotNull((await source.FindAsync(second, CancellationToken.None)).Key);

        await File.WriteAllTextAsync(path, "{");
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.NotNull((await source.FindAsync("third", CancellationToken.None)).RetryAfter);
        Assert.NotNull((await source.FindAsync(first, CancellationToken.None)).Key);
    }
}
