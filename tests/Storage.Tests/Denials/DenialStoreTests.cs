using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

/// <summary>What every denial store keeps, on whatever it lies.</summary>
public abstract class DenialStoreTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private protected abstract IDenialStore Store { get; }

    [SkippableFact]
    public async Task A_set_reads_back_and_there_is_none_at_first()
    {
        Assert.Same(DenialSet.Empty, await Store.ReadAsync(Records.TrustDomain, None));
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(1, "spiffe://mesh.local/a"), None);
        var read = await Store.ReadAsync(Records.TrustDomain, None);

        Assert.Equal(1, read.Number);
        Assert.Equal(Records.Denials(1, "spiffe://mesh.local/a").Denials[0], Assert.Single(read.Denials));
        Assert.Equal(0, (await Store.ReadAsync("other.example", None)).Number);
    }

    [SkippableFact]
    public async Task A_number_that_does_not_follow_is_refused()
    {
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.WriteAsync(Records.TrustDomain, Records.Denials(2), None));
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(1), None);
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.WriteAsync(Records.TrustDomain, Records.Denials(1), None));
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(2), None);
        Assert.Equal(2, (await Store.ReadAsync(Records.TrustDomain, None)).Number);
    }

    [SkippableFact]
    public async Task A_set_begins_empty_once_and_is_then_told_from_none()
    {
        await Store.WriteAsync(Records.TrustDomain, new DenialSet(0, []), None);

        var begun = await Store.ReadAsync(Records.TrustDomain, None);
        Assert.NotSame(DenialSet.Empty, begun);
        Assert.Equal((0L, 0), (begun.Number, begun.Denials.Length));
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.WriteAsync(Records.TrustDomain, new DenialSet(0, []), None));
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(1), None);
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.WriteAsync(Records.TrustDomain, new DenialSet(0, []), None));
    }

    [SkippableFact]
    public async Task Of_many_writers_of_one_number_exactly_one_wins()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
        {
            try
            {
                await Store.WriteAsync(Records.TrustDomain, Records.Denials(1, $"spiffe://mesh.local/{writer}"), None);
                return 1;
            }
            catch (RecordConflictException)
            {
                return 0;
            }
        })));

        Assert.Equal(1, outcomes.Sum());
        Assert.Single((await Store.ReadAsync(Records.TrustDomain, None)).Denials);
    }
}
