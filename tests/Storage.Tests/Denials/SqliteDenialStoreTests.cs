using System.Text;
using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteDenialStoreTests : StateFixture
{
    private static readonly CancellationToken None = CancellationToken.None;

    private SqliteDenialStore Store => field ??= new SqliteDenialStore(Database, Seal);

    [Fact]
    public async Task A_set_reads_back_and_there_is_none_at_first()
    {
        Assert.Same(DenialSet.Empty, await Store.ReadAsync(Records.TrustDomain, None));
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(1, "spiffe://mesh.local/a"), None);
        var read = await Store.ReadAsync(Records.TrustDomain, None);

        Assert.Equal(1, read.Number);
        Assert.Equal(Records.Denials(1, "spiffe://mesh.local/a").Denials[0], Assert.Single(read.Denials));
        Assert.Equal(0, (await Store.ReadAsync("other.example", None)).Number);
    }

    [Fact]
    public void The_stored_content_of_a_set_never_changes() => Assert.Equal(
        """{"number":3,"denials":[{"kind":1,"subject":"spiffe://mesh.local/a","number":3,"reason":"test","actor":"uid:0","since":"2030-01-01T00:00:00+00:00","operationId":"op-3"}]}""",
        Encoding.UTF8.GetString(StoredJson.Write(Records.Denials(3, "spiffe://mesh.local/a"), StoredJsonContext.Default.DenialSet)));

    [Fact]
    public async Task A_number_that_does_not_follow_is_refused()
    {
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.WriteAsync(Records.TrustDomain, Records.Denials(2), None));
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(1), None);
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.WriteAsync(Records.TrustDomain, Records.Denials(1), None));
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(2), None);
        Assert.Equal(2, (await Store.ReadAsync(Records.TrustDomain, None)).Number);
    }

    [Fact]
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

    [Fact]
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

    [Theory]
    [InlineData("UPDATE denial_set SET content = CAST('{\"number\":2,\"denials\":[]}' AS BLOB)")]
    [InlineData("UPDATE denial_set SET number = 9")]
    [InlineData("UPDATE denial_set SET number = 1")]
    [InlineData("UPDATE denial_set SET tag = zeroblob(32)")]
    [InlineData("DELETE FROM denial_set WHERE trust_domain = 'mesh.local'; UPDATE denial_set SET trust_domain = 'mesh.local'")]
    public async Task An_edited_or_relabelled_set_is_refused(string edit)
    {
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(1, "spiffe://mesh.local/a"), None);
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(2, "spiffe://mesh.local/a"), None);
        await Store.WriteAsync("other.example", Records.Denials(1), None);
        Restart();
        var store = new SqliteDenialStore(Database, Seal);
        Tamper($"{edit} WHERE trust_domain IN ('mesh.local', 'other.example')");

        await Assert.ThrowsAsync<RecordTamperedException>(async () => await store.ReadAsync(Records.TrustDomain, None));
    }

    [Fact]
    public async Task A_set_that_was_put_back_or_removed_is_refused()
    {
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(1), None);
        Tamper("CREATE TABLE kept AS SELECT * FROM denial_set");
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(2, "spiffe://mesh.local/a"), None);
        Tamper("INSERT OR REPLACE INTO denial_set SELECT * FROM kept");
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.ReadAsync(Records.TrustDomain, None));

        Tamper("DELETE FROM denial_set");
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.ReadAsync(Records.TrustDomain, None));
    }
}
