using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

/// <summary>What every join token store keeps, on whatever it lies.</summary>
public abstract class JoinTokenStoreTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private protected abstract IJoinTokenStore Store { get; }

    private protected abstract IJoinTokenStore AnotherProcess();

    [SkippableFact]
    public async Task A_token_is_taken_once()
    {
        await Store.AddAsync(Records.Token(1), None);

        Assert.Equal(Records.Token(1), await TakeAsync());
        Assert.Null(await TakeAsync("another-call"));
        Assert.Null(await Store.TryConsumeAsync(Records.TrustDomain, "00", "a-call", Records.Start, None));
    }

    [SkippableFact]
    public async Task A_token_of_another_trust_domain_or_past_its_end_is_not_there()
    {
        await Store.AddAsync(Records.Token(1), None);

        Assert.Null(await Store.TryConsumeAsync("other.example", Records.Token(1).TokenHash, "a-call", Records.Start, None));
        Assert.Null(await Store.TryConsumeAsync(Records.TrustDomain, Records.Token(1).TokenHash, "a-call", Records.Start.AddMinutes(10), None));
        Assert.NotNull(await TakeAsync());
    }

    [SkippableFact]
    public async Task Of_many_that_come_at_once_from_two_processes_one_gets_the_token()
    {
        var other = AnotherProcess();
        for (var number = 0; number < 10; number++)
        {
            await Store.AddAsync(Records.Token(number), None);
            var taken = await Task.WhenAll(Enumerable.Range(0, 16).Select(caller => Task.Run(
                async () => await (caller % 2 == 0 ? Store : other).TryConsumeAsync(Records.TrustDomain, Records.Token(number).TokenHash, $"call-{caller}", Records.Start, None))));
            Assert.Single(taken, token => token is not null);
        }
    }

    [SkippableFact]
    public async Task The_same_token_is_not_added_twice()
    {
        await Store.AddAsync(Records.Token(1), None);
        await TakeAsync();
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.AddAsync(Records.Token(1), None));
    }

    [SkippableFact]
    public async Task Tokens_that_ended_are_dropped_and_others_are_kept()
    {
        await Store.AddAsync(Records.Token(1), None);
        await Store.AddAsync(Records.Token(2) with { ExpiresAt = Records.Start.AddHours(1) }, None);

        Assert.Equal(1, await Store.PruneAsync(Records.Start.AddMinutes(30), None));
        Assert.Null(await TakeAsync());
        Assert.NotNull(await Store.TryConsumeAsync(Records.TrustDomain, Records.Token(2).TokenHash, "a-call", Records.Start, None));
    }

    private protected Task<JoinToken?> TakeAsync(string claim = "a-call") => Store.TryConsumeAsync(Records.TrustDomain, Records.Token(1).TokenHash, claim, Records.Start, None).AsTask();
}
