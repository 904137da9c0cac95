using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Storage.Tests;

/// <summary>What registrations cost, counted in requests, and how they are paged.</summary>
public sealed class BlobRegistrationScaleTests : IDisposable
{
    private const int Page = 500;

    private static readonly CancellationToken None = CancellationToken.None;

    private readonly BlobFixture _blobs = new();

    private IRegistrationStore Store => _blobs.Get<IRegistrationStore>();

    public void Dispose() => _blobs.Dispose();

    [SkippableFact]
    public async Task Registrations_cost_no_more_requests_than_this()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        _blobs.Time = time;
        _blobs.Restart();
        await Store.ListTemplatesAsync(Records.TrustDomain, None);

        Assert.Equal(3, await CountAsync(async () => await Store.PutEntryAsync(Records.Entry("a", 1), None)));
        Assert.Equal(2, await CountAsync(async () => await Store.PutEntryAsync(Records.Entry("b", 2) with { Selectors = [] }, None)));
        Assert.Equal(4, await CountAsync(async () => await Store.PutEntryAsync(Records.Entry("c", 1, 1, "k8s:ns:bank"), None)));
        Assert.Equal(2, await CountAsync(async () => await Store.PutEntryAsync(Records.Entry("a", revision: 2), None)));
        Assert.Equal(1, await CountAsync(async () => await Store.FindEntriesByIdentityAsync(Records.TrustDomain, Records.Identity(1), None)));
        Assert.Equal(2, await CountAsync(async () => await Store.GetEntryAsync(Records.TrustDomain, "a", None)));
        Assert.Equal(1, await CountAsync(async () => await Store.GetEntryAsync(Records.TrustDomain, "none", None)));
        Assert.Equal(0, await CountAsync(async () => await Store.ListTemplatesAsync(Records.TrustDomain, None)));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await CountAsync(async () => await Store.ListTemplatesAsync(Records.TrustDomain, None)));

        // Where the parent has no entries, one look a second for all its callers.
        Assert.Equal(1, await CountAsync(async () => await Store.FindEntriesBySelectorsAsync(Records.TrustDomain, "spiffe://mesh.local/none", Records.Entry("a").Selectors, None)));
        Assert.Equal(0, await CountAsync(async () => await Store.FindEntriesBySelectorsAsync(Records.TrustDomain, "spiffe://mesh.local/none", Records.Entry("b").Selectors, None)));

        // Else one listing for each selector that the caller has besides, and each identity found read once.
        Assert.Equal(4, await CountAsync(async () => await Store.FindEntriesBySelectorsAsync(
            Records.TrustDomain, "spiffe://mesh.local/node/a", Records.Entry("a").Selectors, None)));

        // By the parent alone: one listing, and each identity once, whatever leads to it.
        Assert.Equal(2, await CountAsync(async () => await Store.FindEntriesByParentAsync(Records.TrustDomain, "spiffe://mesh.local/node/a", 100, None)));
        Assert.Equal(1, await CountAsync(async () => await Store.FindEntriesByParentAsync(Records.TrustDomain, "spiffe://mesh.local/none", 100, None)));
        Assert.Equal(7, await CountAsync(async () => await Store.DeleteEntryAsync(Records.TrustDomain, "a", 2, None)));
    }

    [SkippableFact]
    public async Task Entries_that_are_created_together_cost_two_requests_each_and_one_for_all()
    {
        await Store.ListTemplatesAsync(Records.TrustDomain, None);
        var batch = Enumerable.Range(0, 20).Select(number => Records.Entry(EntryBatchId.Of("00ff00ff00ff00ff00ff00ff00ff00ff", number), number)).ToArray();

        Assert.Equal(41, await CountAsync(async () => Assert.All(await Store.CreateEntriesAsync(batch, None), Assert.Null)));
        Assert.Equal(2, await CountAsync(async () => await Store.GetEntryAsync(Records.TrustDomain, batch[7].Id, None)));

        // A listing: the index, the batch, what of it was deleted, and each identity.
        Assert.Equal(3 + 20, await CountAsync(async () => Assert.Equal(20, (await Store.ListEntriesAsync(Records.TrustDomain, null, 100, None)).Count)));
    }

    [SkippableTheory]
    [InlineData(2000, false)]
    [InlineData(1000, true)]
    public async Task Thousands_of_entries_are_listed_from_anywhere_without_listing_those_before(int entries, bool random)
    {
        // The pages of the service are made small, so that few entries are to it what millions are to its real ones.
        const int ServicePage = 100;
        var index = _blobs.Get<BlobIndex>();
        var store = new EntryBlobs(
            new IdentityBlobs(_blobs.Get<BlobRecords>()), new EntryIds(index, ServicePage), new EntryParents(index, TimeProvider.System), index, TimeProvider.System,
            NullLogger<EntryBlobs>.Instance);
        var source = new Random(7);
        var ids = Enumerable.Range(0, entries)
            .Select(number => random ? Convert.ToHexStringLower(BitConverter.GetBytes(source.NextInt64())) : $"entry-{number * 3:000000}")
            .Order(StringComparer.Ordinal).ToArray();
        await Parallel.ForAsync(0, entries, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (number, _)
            => await store.PutAsync(Records.Entry(ids[number], number) with { ParentId = $"spiffe://mesh.local/node/{number}", Selectors = [] }, None));

        var listed = new List<string>();
        string? after = null;
        while (true)
        {
            var page = await store.ListAsync(Records.TrustDomain, after, Page, None);
            listed.AddRange(page.Select(entry => entry.Id));
            after = page.Count == Page ? page[^1].Id : null;
            if (after is null)
            {
                break;
            }
        }

        Assert.Equal(ids, listed);
        foreach (var start in new[] { 0, 1, 777, entries / 2, entries - 12 })
        {
            IReadOnlyList<RegistrationEntry> page = [];
            var requests = await CountAsync(async () => page = await store.ListAsync(Records.TrustDomain, ids[start], 10, None));
            Assert.Equal(ids.Skip(start + 1).Take(10), page.Select(entry => entry.Id));
            Assert.InRange(requests, 11, 24);
        }

        Assert.Equal(ids[..5], (await store.ListAsync(Records.TrustDomain, "0", 5, None)).Select(entry => entry.Id));
        Assert.Empty(await store.ListAsync(Records.TrustDomain, "zzz", 5, None));
    }

    private async Task<int> CountAsync(Func<Task> act)
    {
        var before = _blobs.Requests.Count;
        await act();
        return _blobs.Requests.Count - before;
    }
}
