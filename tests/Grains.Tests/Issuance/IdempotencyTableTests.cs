using MeshGrains.Testing;

namespace MeshGrains.Grains.Tests;

public sealed class IdempotencyTableTests
{
    private static readonly IssuedSvid Svid = new("spiffe://td.test/a", "01", [1], "", "", 1, default, default);
    private readonly FakeTimeProvider _clock = new();
    private int _issued;

    [Fact]
    public async Task The_same_key_and_CSR_is_one_issuance_even_when_both_run_at_once()
    {
        var table = Table();
        var gate = new TaskCompletionSource();
        var first = table.AnswerAsync(Request("k"), WaitAndIssue, Allow, default).AsTask();
        var second = table.AnswerAsync(Request("k"), WaitAndIssue, Allow, default).AsTask();

        Assert.False(second.IsCompleted);
        gate.SetResult();

        Assert.Same((await first).Svid, (await second).Svid);
        Assert.Equal(1, _issued);

        async ValueTask<IssuanceResult> WaitAndIssue(SvidRequest request, CancellationToken ct)
        {
            await gate.Task;
            return await Issue(request, ct);
        }
    }

    [Fact]
    public async Task The_same_key_with_another_CSR_is_an_invalid_argument()
    {
        var table = Table();
        await table.AnswerAsync(Request("k"), Issue, Allow, default);

        var refused = await table.AnswerAsync(Request("k", csr: 2), Issue, Allow, default);

        Assert.Equal((RefusalCode.InvalidArgument, "idempotency_key_reused"), (refused.Refusal!.Code, refused.Refusal.Reason));
    }

    [Fact]
    public async Task Keys_are_the_callers_own()
    {
        var table = Table();
        await table.AnswerAsync(Request("k"), Issue, Allow, default);
        await table.AnswerAsync(Request("k", caller: "another"), Issue, Allow, default);

        Assert.Equal(2, _issued);
    }

    [Fact]
    public async Task A_refusal_or_a_failure_is_not_kept()
    {
        var table = Table();

        var refused = await table.AnswerAsync(Request("k"), (_, _) => ValueTask.FromResult<IssuanceResult>(new Refusal(RefusalCode.Unavailable, "x", "x")), Allow, default);
        await Assert.ThrowsAsync<IOException>(async () => await table.AnswerAsync(Request("k"), (_, _) => throw new IOException("x"), Allow, default));
        var issued = await table.AnswerAsync(Request("k"), Issue, Allow, default);

        Assert.False(refused.Succeeded);
        Assert.True(issued.Succeeded);
    }

    [Fact]
    public async Task Who_waits_for_an_attempt_that_throws_is_told_to_try_again()
    {
        var table = Table();
        var gate = new TaskCompletionSource();
        var first = table.AnswerAsync(Request("k"), async (_, _) => { await gate.Task; throw new IOException("x"); }, Allow, default).AsTask();
        var second = table.AnswerAsync(Request("k"), Issue, Allow, default).AsTask();
        gate.SetResult();

        await Assert.ThrowsAsync<IOException>(() => first);
        Assert.Equal(RefusalCode.Unavailable, (await second).Refusal!.Code);
    }

    [Fact]
    public async Task After_the_window_the_key_is_new()
    {
        var table = Table();
        await table.AnswerAsync(Request("k"), Issue, Allow, default);
        _clock.Advance(TimeSpan.FromSeconds(59));
        await table.AnswerAsync(Request("k"), Issue, Allow, default);
        Assert.Equal(1, _issued);

        _clock.Advance(TimeSpan.FromSeconds(1));
        await table.AnswerAsync(Request("k", csr: 2), Issue, Allow, default);
        Assert.Equal(2, _issued);
    }

    [Fact]
    public async Task A_full_table_refuses_with_a_hint_and_a_flood_of_failures_does_not_fill_it()
    {
        var table = Table(capacity: 3);
        for (var i = 0; i < 100; i++)
        {
            await table.AnswerAsync(Request($"bad-{i}"), (_, _) => ValueTask.FromResult<IssuanceResult>(new Refusal(RefusalCode.InvalidArgument, "x", "x")), Allow, default);
        }

        for (var i = 0; i < 3; i++)
        {
            Assert.True((await table.AnswerAsync(Request($"good-{i}"), Issue, Allow, default)).Succeeded);
        }

        var full = await table.AnswerAsync(Request("one-more"), Issue, Allow, default);
        Assert.Equal(RefusalCode.ResourceExhausted, full.Refusal!.Code);
        Assert.NotNull(full.Refusal.RetryAfter);

        _clock.Advance(TimeSpan.FromSeconds(60));
        Assert.True((await table.AnswerAsync(Request("one-more"), Issue, Allow, default)).Succeeded);
    }

    [Fact]
    public async Task A_kept_answer_is_checked_again_before_it_leaves_again()
    {
        var table = Table();
        await table.AnswerAsync(Request("k"), Issue, Allow, default);

        var refused = await table.AnswerAsync(
            Request("k"), Issue, (_, _, _) => ValueTask.FromResult<Refusal?>(new Refusal(RefusalCode.PermissionDenied, "quarantined", "x")), default);

        Assert.Equal("quarantined", refused.Refusal!.Reason);
    }

    private static ValueTask<Refusal?> Allow(SvidRequest request, IssuedSvid svid, CancellationToken cancellationToken) => ValueTask.FromResult<Refusal?>(null);

    private static SvidRequest Request(string key, byte csr = 1, string caller = "caller") =>
        new(new AuthenticatedCaller { Kind = CallerKind.KubernetesToken, Name = caller }, new byte[] { csr }, null, "request", key);

    private IdempotencyTable Table(int capacity = 10) => new(TimeSpan.FromSeconds(60), capacity, _clock);

    private ValueTask<IssuanceResult> Issue(SvidRequest request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _issued);
        return ValueTask.FromResult<IssuanceResult>(Svid);
    }
}
