using System.Text;
using MeshGrains.Grains;
using Microsoft.Data.Sqlite;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteRegistrationStoreTests : RegistrationStoreTests, IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly StateFixture _files = new();

    private protected override IRegistrationStore Store => field ??= NewStore();

    public void Dispose() => _files.Dispose();

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
        _files.Restart();
        var store = NewStore();
        _files.Tamper(edit);

        await Assert.ThrowsAsync<RecordTamperedException>(async () => await store.GetEntryAsync(Records.TrustDomain, "a", None));
    }

    [Theory]
    [InlineData("UPDATE registration SET identity = 'spiffe://mesh.local/admin' WHERE id = 'a'")]
    [InlineData("UPDATE registration SET trust_domain = 'other.example', identity = 'spiffe://mesh.local/admin' WHERE id = 'a'")]
    public async Task A_row_moved_under_another_identity_is_refused_where_it_is_found(string edit)
    {
        await Store.PutEntryAsync(Records.Entry("a", 1), None);
        _files.Tamper(edit);

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
        _files.Tamper("CREATE TABLE kept AS SELECT * FROM registration");
        await Store.PutEntryAsync(Records.Entry("a", revision: 2) with { Hint = "new" }, None);
        _files.Tamper("INSERT OR REPLACE INTO registration SELECT * FROM kept");
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.GetEntryAsync(Records.TrustDomain, "a", None));
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.PutEntryAsync(Records.Entry("a", revision: 2), None));

        await Store.PutEntryAsync(Records.Entry("b", 2), None);
        _files.Tamper("DELETE FROM kept; INSERT INTO kept SELECT * FROM registration WHERE id = 'b'");
        await Store.DeleteEntryAsync(Records.TrustDomain, "b", 1, None);
        _files.Tamper("INSERT OR REPLACE INTO registration SELECT * FROM kept");
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.FindEntriesByIdentityAsync(Records.TrustDomain, Records.Identity(2), None));
    }

    [Fact]
    public async Task What_goes_by_a_parent_walks_the_parents_index_and_no_others_entries()
    {
        var store = NewStore();
        await store.PutEntryAsync(Records.Entry("a"), None);
        using var connection = new SqliteConnection($"Data Source={_files.DatabasePath};Pooling=False");
        connection.Open();
        foreach (var statement in store.ByParentStatements())
        {
            using var command = connection.CreateCommand();
            command.CommandText = "EXPLAIN QUERY PLAN " + statement;
            for (var number = 1; number <= 34; number++)
            {
                if (statement.Contains($"?{number}", StringComparison.Ordinal))
                {
                    command.Parameters.AddWithValue($"?{number}", "x");
                }
            }

            using var plan = command.ExecuteReader();
            Assert.True(plan.Read());
            Assert.Contains("USING INDEX registration_by_parent (trust_domain=? AND parent=? AND lead", plan.GetString(3), StringComparison.Ordinal);
        }
    }

    private SqliteRegistrationStore NewStore() => new(_files.Database, _files.Seal);
}
