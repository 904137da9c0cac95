using Azure;
using MeshGrains.Grains;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Storage.Tests;

public sealed class BlobJoinTokenStoreTests : JoinTokenStoreTests, IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly string Blob = $"tokens/by-hash/mesh.local/{Records.Token(1).TokenHash}";

    private readonly BlobFixture _blobs = new();
    private IJoinTokenStore? _other;

    private protected override IJoinTokenStore Store => _blobs.Get<IJoinTokenStore>();

    public void Dispose() => _blobs.Dispose();

    [SkippableTheory]
    [InlineData(Tampering.Edited)]
    [InlineData(Tampering.Renumbered)]
    [InlineData(Tampering.Untagged)]
    [InlineData(Tampering.Retagged)]
    [InlineData(Tampering.Truncated)]
    [InlineData(Tampering.CutContent)]
    [InlineData(Tampering.Emptied)]
    [InlineData(Tampering.Garbage)]
    public async Task A_token_that_was_tampered_with_is_refused(Tampering how)
    {
        await Store.AddAsync(Records.Token(1), None);
        await _blobs.TamperAsync(Blob, how);

        await Assert.ThrowsAsync<RecordTamperedException>(() => TakeAsync());
    }

    [SkippableFact]
    public async Task A_token_copied_to_another_hash_is_refused()
    {
        await Store.AddAsync(Records.Token(1), None);
        await _blobs.PutAsync("tokens/by-hash/mesh.local/aa", await _blobs.BytesAsync(Blob));

        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.TryConsumeAsync(Records.TrustDomain, "aa", "a-call", Records.Start, None));
    }

    [SkippableFact]
    public async Task A_taken_token_that_comes_back_with_a_restored_state_store_stays_taken()
    {
        await Store.AddAsync(Records.Token(1), None);
        var kept = await _blobs.BytesAsync(Blob);
        Assert.NotNull(await TakeAsync());
        await _blobs.DeleteAsync(Blob);
        await _blobs.PutAsync(Blob, kept);
        _blobs.Restart();

        Assert.Null(await TakeAsync("another-call"));
    }

    [SkippableFact]
    public async Task The_call_that_took_a_token_finds_it_again_at_another_silo_and_no_other_call_does()
    {
        await Store.AddAsync(Records.Token(1), None);
        Assert.NotNull(await TakeAsync("a-call"));
        async Task<JoinToken?> ElsewhereAsync(string claim) =>
            await AnotherProcess().TryConsumeAsync(Records.TrustDomain, Records.Token(1).TokenHash, claim, Records.Start, None);

        Assert.Equal(Records.Token(1), await ElsewhereAsync("a-call"));
        Assert.Null(await ElsewhereAsync("another-call"));
        Assert.Null(await ElsewhereAsync("A-CALL"));
    }

    [SkippableFact]
    public async Task The_mark_of_a_taken_token_stays_for_a_day_after_its_end()
    {
        await Store.AddAsync(Records.Token(1), None);
        await TakeAsync();
        var end = Records.Token(1).ExpiresAt;

        Assert.Equal(1, await Store.PruneAsync(end.AddHours(1), None));
        Assert.Equal(1, await MarksAsync());
        Assert.Empty(await _blobs.NamesAsync("tokens/"));
        Assert.Equal(0, await Store.PruneAsync(end.AddHours(23), None));
        Assert.Equal(1, await MarksAsync());
        Assert.Equal(0, await Store.PruneAsync(end.AddHours(25), None));
        Assert.Equal(0, await MarksAsync());
    }

    [SkippableFact]
    public async Task An_identity_that_may_delete_nothing_in_the_logs_container_still_drops_ended_tokens()
    {
        await Store.AddAsync(Records.Token(1), None);
        await TakeAsync();
        _blobs.Requests.Before = (method, path) => method == "DELETE" && path.Contains("join-tokens/consumed/", StringComparison.Ordinal)
            ? throw new RequestFailedException(403, "This request is not authorized to perform this operation using this permission.", "AuthorizationPermissionMismatch", null)
            : Task.CompletedTask;

        Assert.Equal(1, await Store.PruneAsync(Records.Token(1).ExpiresAt.AddDays(2), None));
        Assert.Equal(1, await MarksAsync());
    }

    [SkippableFact]
    public async Task A_token_is_added_taken_and_pruned_in_two_requests_each()
    {
        await Store.AddAsync(Records.Token(2), None);
        Assert.NotNull(await Store.TryConsumeAsync(Records.TrustDomain, Records.Token(2).TokenHash, "a-call", Records.Start, None));

        Assert.Equal(2, await CountAsync(async () => await Store.AddAsync(Records.Token(1), None)));
        Assert.Equal(2, await CountAsync(async () => await TakeAsync()));
        Assert.Equal(2, await CountAsync(async () => await Store.PruneAsync(Records.Start, None)));
    }

    private protected override IJoinTokenStore AnotherProcess() => _other ??= _blobs.NewProcess().GetRequiredService<IJoinTokenStore>();

    private async Task<int> CountAsync(Func<Task> act)
    {
        var before = _blobs.Requests.Count;
        await act();
        return _blobs.Requests.Count - before;
    }

    private async Task<int> MarksAsync()
    {
        var count = 0;
        await foreach (var _ in _blobs.Log.GetBlobsAsync())
        {
            count++;
        }

        return count;
    }
}
