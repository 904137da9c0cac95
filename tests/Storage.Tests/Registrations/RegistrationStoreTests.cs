using System.Text;
using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

/// <summary>What every registration store keeps, on whatever it lies.</summary>
public abstract class RegistrationStoreTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private protected abstract IRegistrationStore Store { get; }

    [SkippableFact]
    public async Task An_entry_reads_back_with_every_field()
    {
        var entry = Records.Entry("a") with { ExpiresAt = Records.Start.AddDays(1) };
        await Store.PutEntryAsync(entry, None);

        Assert.Equal(Json(entry), Json((await Store.GetEntryAsync(Records.TrustDomain, "a", None))!));
        Assert.Equal(Json(entry), Json(Assert.Single(await Store.FindEntriesByIdentityAsync(Records.TrustDomain, entry.SpiffeId, None))));
        Assert.Null(await Store.GetEntryAsync("other.example", "a", None));
    }

    [SkippableFact]
    public async Task A_revision_that_does_not_follow_is_refused()
    {
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.PutEntryAsync(Records.Entry("a", revision: 2), None));
        await Store.PutEntryAsync(Records.Entry("a"), None);
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.PutEntryAsync(Records.Entry("a"), None));
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.PutEntryAsync(Records.Entry("a", revision: 3), None));
        await Store.PutEntryAsync(Records.Entry("a", revision: 2) with { Hint = "new" }, None);

        Assert.Equal("new", (await Store.GetEntryAsync(Records.TrustDomain, "a", None))!.Hint);
    }

    [SkippableFact]
    public async Task Two_entries_never_share_identity_parent_and_selectors()
    {
        await Store.PutEntryAsync(Records.Entry("a", 1, 1, "k8s:ns:shop", "k8s:sa:cart"), None);
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.PutEntryAsync(Records.Entry("b", 1, 1, "k8s:sa:cart", "k8s:ns:shop"), None));
        await Store.PutEntryAsync(Records.Entry("b", 1, 1, "k8s:sa:cart"), None);
        await Store.PutEntryAsync(Records.Entry("c", 2, 1, "k8s:sa:cart", "k8s:ns:shop"), None);

        // A refused update leaves what was there, readable.
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.PutEntryAsync(Records.Entry("b", 1, 2, "k8s:ns:shop", "k8s:sa:cart"), None));
        Assert.Equal(1, (await Store.GetEntryAsync(Records.TrustDomain, "b", None))!.Revision);

        // When the first is gone its place is free.
        Assert.True(await Store.DeleteEntryAsync(Records.TrustDomain, "a", 1, None));
        await Store.PutEntryAsync(Records.Entry("d", 1, 1, "k8s:ns:shop", "k8s:sa:cart"), None);
    }

    [SkippableFact]
    public async Task Of_many_twins_that_come_at_once_one_is_stored()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 16).Select(number => Task.Run(async () =>
        {
            try
            {
                await Store.PutEntryAsync(Records.Entry($"e{number}"), None);
                return 1;
            }
            catch (RecordConflictException)
            {
                return 0;
            }
        })));

        Assert.Equal(1, outcomes.Sum());
        Assert.Single(await Store.ListEntriesAsync(Records.TrustDomain, null, 100, None));
    }

    [SkippableFact]
    public async Task Entries_are_found_when_all_their_selectors_are_given()
    {
        await Store.PutEntryAsync(Records.Entry("both", 1, 1, "k8s:ns:shop", "k8s:sa:cart"), None);
        await Store.PutEntryAsync(Records.Entry("one", 2, 1, "k8s:ns:shop"), None);
        await Store.PutEntryAsync(Records.Entry("other", 3, 1, "k8s:ns:bank"), None);
        await Store.PutEntryAsync(Records.Entry("none", 4) with { Selectors = [] }, None);
        await Store.PutEntryAsync(Records.Entry("elsewhere", 5, 1, "k8s:ns:shop") with { ParentId = "spiffe://mesh.local/node/b" }, None);

        Assert.Equal(["both", "one"], await FindAsync("k8s:ns:shop", "k8s:sa:cart", "k8s:pod-name:cart-1"));
        Assert.Equal(["one"], await FindAsync("k8s:ns:shop"));
        Assert.Empty(await FindAsync("k8s:sa:cart"));
        Assert.Empty(await FindAsync());
        Assert.Equal(["both", "one"], await FindAsync([.. Enumerable.Range(0, 100).Select(i => $"x:{i}"), "k8s:sa:cart", "k8s:ns:shop"]));
    }

    [SkippableFact]
    public async Task Entries_are_found_by_their_parent_alone()
    {
        const string Parent = "spiffe://mesh.local/node/a";
        for (var number = 0; number < 30; number++)
        {
            await Store.PutEntryAsync(Records.Entry($"e{number:00}", number % 20, 1, $"unix:uid:{number}"), None);
        }

        await Store.PutEntryAsync(Records.Entry("nothing", 21) with { Selectors = [] }, None);
        await Store.PutEntryAsync(Records.Entry("elsewhere", 1) with { ParentId = Parent + "/b" }, None);

        Assert.Equal(Enumerable.Range(0, 30).Select(number => $"e{number:00}"), await ByParentAsync(Parent));
        Assert.Equal(["elsewhere"], await ByParentAsync(Parent + "/b"));
        Assert.Empty(await ByParentAsync("spiffe://mesh.local/node"));
        Assert.Empty(await Store.FindEntriesByParentAsync("other.example", Parent, 100, None));
        Assert.Equal(7, (await Store.FindEntriesByParentAsync(Records.TrustDomain, Parent, 7, None)).Count);

        // What was written is seen at once: moved, changed, deleted.
        await Store.PutEntryAsync(Records.Entry("e00", 0, 2, "unix:uid:0") with { ParentId = Parent + "/c" }, None);
        await Store.PutEntryAsync(Records.Entry("e01", 1, 2, "unix:uid:700"), None);
        Assert.True(await Store.DeleteEntryAsync(Records.TrustDomain, "e02", 1, None));
        Assert.Equal(Enumerable.Range(1, 29).Where(number => number != 2).Select(number => $"e{number:00}"), await ByParentAsync(Parent));
        Assert.Equal(["e00"], await ByParentAsync(Parent + "/c"));
        Assert.Equal(2, (await Store.FindEntriesByParentAsync(Records.TrustDomain, Parent, 100, None))[0].Revision);
    }

    [SkippableFact]
    public async Task Entries_are_listed_in_pages_by_id()
    {
        for (var number = 0; number < 25; number++)
        {
            await Store.PutEntryAsync(Records.Entry($"e{number:00}", number), None);
        }

        var first = await Store.ListEntriesAsync(Records.TrustDomain, null, 10, None);
        var second = await Store.ListEntriesAsync(Records.TrustDomain, first[^1].Id, 100, None);

        Assert.Equal(Enumerable.Range(0, 25).Select(number => $"e{number:00}"), first.Concat(second).Select(entry => entry.Id));
    }

    [SkippableFact]
    public async Task A_deleted_entry_is_gone_and_its_id_is_never_given_again()
    {
        await Store.PutEntryAsync(Records.Entry("a"), None);
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.DeleteEntryAsync(Records.TrustDomain, "a", 7, None));
        Assert.True(await Store.DeleteEntryAsync(Records.TrustDomain, "a", 1, None));

        Assert.False(await Store.DeleteEntryAsync(Records.TrustDomain, "a", 1, None));
        Assert.False(await Store.DeleteEntryAsync(Records.TrustDomain, "b", 1, None));
        Assert.Null(await Store.GetEntryAsync(Records.TrustDomain, "a", None));
        Assert.Empty(await Store.ListEntriesAsync(Records.TrustDomain, null, 10, None));
        Assert.Empty(await Store.FindEntriesByIdentityAsync(Records.TrustDomain, Records.Identity(1), None));
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.PutEntryAsync(Records.Entry("a"), None));
    }

    [SkippableFact]
    public async Task Entries_that_are_created_together_are_found_by_everything_and_each_stands_alone()
    {
        await Store.PutEntryAsync(Records.Entry("a", 3), None);
        var batch = Batch(1, 2, 3, 1, 5);

        var failures = await Store.CreateEntriesAsync(batch, None);

        // The third has a twin from before, the fourth one in the batch.
        Assert.Equal([false, false, true, true, false], failures.Select(failure => failure is RecordConflictException));
        Assert.Equal([0, 1, 4], Enumerable.Range(0, 5).Where(i => failures[i] is null));
        foreach (var entry in new[] { batch[0], batch[1], batch[4] })
        {
            Assert.Equal(Json(entry), Json((await Store.GetEntryAsync(Records.TrustDomain, entry.Id, None))!));
            Assert.Contains(entry.Id, (await Store.FindEntriesByIdentityAsync(Records.TrustDomain, entry.SpiffeId, None)).Select(one => one.Id));
        }

        Assert.Null(await Store.GetEntryAsync(Records.TrustDomain, batch[2].Id, None));
        Assert.Null(await Store.GetEntryAsync(Records.TrustDomain, EntryBatchId.Of(BatchName, 99), None));
        Assert.Equal([batch[0].Id, batch[1].Id, batch[4].Id, "a"], await FindAsync("k8s:ns:shop", "k8s:sa:cart", "k8s:pod:x"));
        Assert.Equal([batch[0].Id, batch[1].Id, batch[4].Id, "a"], await ByParentAsync("spiffe://mesh.local/node/a"));
    }

    [SkippableFact]
    public async Task Entries_that_were_created_together_are_listed_with_the_others_from_anywhere()
    {
        await Store.PutEntryAsync(Records.Entry("0", 90), None);
        await Store.CreateEntriesAsync(Batch(1, 2, 3, 4, 5, 6), None);
        await Store.PutEntryAsync(Records.Entry("zz", 91), None);
        await Store.DeleteEntryAsync(Records.TrustDomain, EntryBatchId.Of(BatchName, 2), 1, None);
        string[] expected = ["0", .. new[] { 0, 1, 3, 4, 5 }.Select(number => EntryBatchId.Of(BatchName, number)), "zz"];

        Assert.Equal(expected, (await Store.ListEntriesAsync(Records.TrustDomain, null, 100, None)).Select(entry => entry.Id));
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected.Skip(i + 1).Take(2), (await Store.ListEntriesAsync(Records.TrustDomain, expected[i], 2, None)).Select(entry => entry.Id));
        }

        // Of the deleted one, and of ids that never were.
        Assert.Equal(EntryBatchId.Of(BatchName, 3), Assert.Single(await Store.ListEntriesAsync(Records.TrustDomain, EntryBatchId.Of(BatchName, 2), 1, None)).Id);
        Assert.Equal(EntryBatchId.Of(BatchName, 0), Assert.Single(await Store.ListEntriesAsync(Records.TrustDomain, BatchName, 1, None)).Id);
        Assert.Equal("zz", Assert.Single(await Store.ListEntriesAsync(Records.TrustDomain, EntryBatchId.Of(BatchName, 200), 9, None)).Id);
    }

    [SkippableFact]
    public async Task An_entry_that_was_created_with_others_is_replaced_and_deleted_by_itself_and_its_id_is_never_given_again()
    {
        var entry = Batch(1, 2)[1];
        await Store.CreateEntriesAsync(Batch(1, 2), None);
        await Store.PutEntryAsync(entry with { Hint = "new", Revision = 2, OperationId = "op-2" }, None);
        Assert.Equal("new", (await Store.GetEntryAsync(Records.TrustDomain, entry.Id, None))!.Hint);
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.PutEntryAsync(entry with { SpiffeId = Records.Identity(7) }, None));

        Assert.True(await Store.DeleteEntryAsync(Records.TrustDomain, entry.Id, 2, None));

        Assert.False(await Store.DeleteEntryAsync(Records.TrustDomain, entry.Id, 2, None));
        Assert.Null(await Store.GetEntryAsync(Records.TrustDomain, entry.Id, None));
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.PutEntryAsync(entry, None));
        Assert.IsType<RecordConflictException>((await Store.CreateEntriesAsync([entry], None))[0]);
        Assert.Equal(EntryBatchId.Of(BatchName, 0), Assert.Single(await Store.ListEntriesAsync(Records.TrustDomain, null, 10, None)).Id);
    }

    [SkippableFact]
    public async Task Templates_have_revisions_and_one_of_a_source_and_pattern()
    {
        await Store.PutTemplateAsync(Records.Template("t"), None);
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.PutTemplateAsync(Records.Template("u"), None));
        await Store.PutTemplateAsync(Records.Template("u", pattern: "spiffe://{trustDomain}/x/{k8s.ns}"), None);
        await Store.PutTemplateAsync(Records.Template("t", 2) with { Hint = "h" }, None);
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.DeleteTemplateAsync(Records.TrustDomain, "t", 1, None));

        Assert.Equal([Records.Template("t", 2) with { Hint = "h" }, Records.Template("u", pattern: "spiffe://{trustDomain}/x/{k8s.ns}")],
            await Store.ListTemplatesAsync(Records.TrustDomain, None));
        Assert.True(await Store.DeleteTemplateAsync(Records.TrustDomain, "t", 2, None));
        Assert.Single(await Store.ListTemplatesAsync(Records.TrustDomain, None));
        Assert.Empty(await Store.ListTemplatesAsync("other.example", None));
    }

    private const string BatchName = "00ff00ff00ff00ff00ff00ff00ff00ff";

    private static RegistrationEntry[] Batch(params int[] identities)
        => [.. identities.Select((identity, i) => Records.Entry(EntryBatchId.Of(BatchName, i), identity))];

    private protected static string Json(RegistrationEntry entry) => Encoding.UTF8.GetString(StoredJson.Write(entry, StoredJsonContext.Default.RegistrationEntry));

    private async Task<IEnumerable<string>> ByParentAsync(string parent)
        => (await Store.FindEntriesByParentAsync(Records.TrustDomain, parent, 100, None)).Select(entry => entry.Id);

    private async Task<IEnumerable<string>> FindAsync(params string[] selectors)
    {
        var given = selectors.Select(text => Selector.TryParse(text, out var selector) ? selector! : throw new ArgumentException(text)).ToArray();
        var found = await Store.FindEntriesBySelectorsAsync(Records.TrustDomain, "spiffe://mesh.local/node/a", given, None);
        return found.Select(entry => entry.Id);
    }
}
