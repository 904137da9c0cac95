using System.Text;
using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteRegistrationStoreTests : StateFixture
{
    private static readonly CancellationToken None = CancellationToken.None;

    private SqliteRegistrationStore Store => field ??= NewStore();

    [Fact]
    public async Task An_entry_reads_back_with_every_field()
    {
        var entry = Records.Entry("a") with { ExpiresAt = Records.Start.AddDays(1) };
        await Store.PutEntryAsync(entry, None);

        Assert.Equal(Json(entry), Json((await Store.GetEntryAsync(Records.TrustDomain, "a", None))!));
        Assert.Equal(Json(entry), Json(Assert.Single(await Store.FindEntriesByIdentityAsync(Records.TrustDomain, entry.SpiffeId, None))));
        Assert.Null(await Store.GetEntryAsync("other.example", "a", None));
    }

    [Fact]
    public void The_stored_content_of_an_entry_never_changes() => Assert.Equal(
        """{"id":"a","trustDomain":"mesh.local","spiffeId":"spiffe://mesh.local/ns/shop/sa/service-1","parentId":"spiffe://mesh.local/node/a","selectors":[{"type":"k8s","value":"ns:shop"},{"type":"k8s","value":"sa:cart"}],"x509SvidTtlSeconds":3600,"jwtSvidTtlSeconds":null,"dnsNames":["cart.shop.svc"],"hint":"internal","federatesWith":["other.example"],"expiresAt":null,"createdAt":"2030-01-01T00:00:00+00:00","revision":1,"operationId":"op-a-1"}""",
        Json(Records.Entry("a")));

    [Fact]
    public void The_stored_content_of_a_template_never_changes() => Assert.Equal(
        """{"id":"t","trustDomain":"mesh.local","source":"prod","pattern":"spiffe://{trustDomain}/ns/{k8s.ns}","x509SvidTtlSeconds":null,"hint":null,"createdAt":"2030-01-01T00:00:00+00:00","revision":2,"operationId":"op-t-2"}""",
        Encoding.UTF8.GetString(StoredJson.Write(Records.Template("t", 2, "spiffe://{trustDomain}/ns/{k8s.ns}"), StoredJsonContext.Default.RegistrationTemplate)));

    [Fact]
    public void Content_with_a_member_of_a_newer_version_is_refused()
    {
        var content = Json(Records.Entry("a")).Replace("\"hint\"", "\"newer\":1,\"hint\"", StringComparison.Ordinal);
        Assert.Throws<StateFormatException>(() => StoredJson.Read("a", Encoding.UTF8.GetBytes(content), StoredJsonContext.Default.RegistrationEntry));
    }

    [Fact]
    public async Task A_revision_that_does_not_follow_is_refused()
    {
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.PutEntryAsync(Records.Entry("a", revision: 2), None));
        await Store.PutEntryAsync(Records.Entry("a"), None);
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.PutEntryAsync(Records.Entry("a"), None));
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.PutEntryAsync(Records.Entry("a", revision: 3), None));
        await Store.PutEntryAsync(Records.Entry("a", revision: 2) with { Hint = "new" }, None);

        Assert.Equal("new", (await Store.GetEntryAsync(Records.TrustDomain, "a", None))!.Hint);
    }

    [Fact]
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

    [Fact]
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

    [Fact]
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

    [Fact]
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

    [Fact]
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

    [Fact]
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

    [Theory]
    [InlineData("UPDATE registration SET content = CAST(replace(CAST(content AS TEXT), 'internal', 'external') AS BLOB) WHERE id = 'a'")]
    [InlineData("UPDATE registration SET revision = revision + 1 WHERE id = 'a'")]
    [InlineData("UPDATE registration SET operation_id = 'mine' WHERE id = 'a'")]
    [InlineData("UPDATE registration SET twin = 'x' WHERE id = 'a'")]
    [InlineData("UPDATE registration SET twin = NULL WHERE id = 'a'")]
    [InlineData("UPDATE registration SET identity = 'spiffe://mesh.local/admin' WHERE id = 'a'")]
    [InlineData("UPDATE registration SET parent = 'spiffe://mesh.local/node/evil' WHERE id = 'a'")]
    [InlineData("UPDATE registration SET lead = 'k8s:ns:evil' WHERE id = 'a'")]
    [InlineData("UPDATE registration SET tag = randomblob(32) WHERE id = 'a'")]
    [InlineData("UPDATE registration SET content = NULL WHERE id = 'a'")]
    [InlineData("UPDATE registration SET content = (SELECT content FROM registration WHERE id = 'b') WHERE id = 'a'")]
    [InlineData("UPDATE registration SET content = (SELECT content FROM registration WHERE id = 'b'), tag = (SELECT tag FROM registration WHERE id = 'b') WHERE id = 'a'")]
    [InlineData("DELETE FROM registration WHERE id = 'b'; UPDATE registration SET id = 'b' WHERE id = 'a'; INSERT INTO registration SELECT kind, trust_domain, 'a', revision, operation_id, NULL, identity, parent, lead, content, tag FROM registration WHERE id = 'b'")]
    [InlineData("UPDATE registration SET kind = 3 WHERE id = 'b'; UPDATE registration SET kind = 1, id = 'z' WHERE id = 't'; UPDATE registration SET id = 'a' WHERE id = 'b'; DELETE FROM registration WHERE kind = 1 AND id = 'a'; UPDATE registration SET id = 'a' WHERE id = 'z'")]
    public async Task An_edited_swapped_or_relabelled_row_is_refused(string edit)
    {
        await Store.PutEntryAsync(Records.Entry("a", 1), None);
        await Store.PutEntryAsync(Records.Entry("b", 2), None);
        await Store.PutTemplateAsync(Records.Template("t"), None);
        Restart();
        var store = NewStore();
        Tamper(edit);

        await Assert.ThrowsAsync<RecordTamperedException>(async () => await store.GetEntryAsync(Records.TrustDomain, "a", None));
    }

    [Theory]
    [InlineData("UPDATE registration SET identity = 'spiffe://mesh.local/admin' WHERE id = 'a'")]
    [InlineData("UPDATE registration SET trust_domain = 'other.example', identity = 'spiffe://mesh.local/admin' WHERE id = 'a'")]
    public async Task A_row_moved_under_another_identity_is_refused_where_it_is_found(string edit)
    {
        await Store.PutEntryAsync(Records.Entry("a", 1), None);
        Tamper(edit);

        await Assert.ThrowsAsync<RecordTamperedException>(async () =>
        {
            await Store.FindEntriesByIdentityAsync(Records.TrustDomain, "spiffe://mesh.local/admin", None);
            await Store.FindEntriesByIdentityAsync("other.example", "spiffe://mesh.local/admin", None);
        });
    }

    [Fact]
    public async Task A_row_that_was_put_back_after_an_update_or_a_deletion_is_refused()
    {
        await Store.PutEntryAsync(Records.Entry("a"), None);
        Tamper("CREATE TABLE kept AS SELECT * FROM registration");
        await Store.PutEntryAsync(Records.Entry("a", revision: 2) with { Hint = "new" }, None);
        Tamper("INSERT OR REPLACE INTO registration SELECT * FROM kept");
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.GetEntryAsync(Records.TrustDomain, "a", None));
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.PutEntryAsync(Records.Entry("a", revision: 2), None));

        await Store.PutEntryAsync(Records.Entry("b", 2), None);
        Tamper("DELETE FROM kept; INSERT INTO kept SELECT * FROM registration WHERE id = 'b'");
        await Store.DeleteEntryAsync(Records.TrustDomain, "b", 1, None);
        Tamper("INSERT OR REPLACE INTO registration SELECT * FROM kept");
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.FindEntriesByIdentityAsync(Records.TrustDomain, Records.Identity(2), None));
    }

    private SqliteRegistrationStore NewStore() => new(Database, Seal);

    private static string Json(RegistrationEntry entry) => Encoding.UTF8.GetString(StoredJson.Write(entry, StoredJsonContext.Default.RegistrationEntry));

    private async Task<IEnumerable<string>> FindAsync(params string[] selectors)
    {
        var given = selectors.Select(text => Selector.TryParse(text, out var selector) ? selector! : throw new ArgumentException(text)).ToArray();
        var found = await Store.FindEntriesBySelectorsAsync(Records.TrustDomain, "spiffe://mesh.local/node/a", given, None);
        return found.Select(entry => entry.Id);
    }
}
