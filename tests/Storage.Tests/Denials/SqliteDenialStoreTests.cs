using System.Text;
using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteDenialStoreTests : DenialStoreTests, IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly StateFixture _files = new();

    private protected override IDenialStore Store => field ??= new SqliteDenialStore(_files.Database, _files.Seal);

    public void Dispose() => _files.Dispose();

    [Fact]
    public void The_stored_content_of_a_set_never_changes() => Assert.Equal(
        """{"number":3,"denials":[{"kind":1,"subject":"spiffe://mesh.local/a","number":3,"reason":"test","actor":"uid:0","since":"2030-01-01T00:00:00+00:00","operationId":"op-3"}]}""",
        Encoding.UTF8.GetString(StoredJson.Write(Records.Denials(3, "spiffe://mesh.local/a"), StoredJsonContext.Default.DenialSet)));

    [Fact]
    public void Neither_does_that_of_a_roster_or_of_a_denial_that_ends()
    {
        const string stored =
            """{"number":5,"denials":[{"kind":4,"subject":"bb","number":4,"reason":"stolen","actor":"uid:0","since":"2030-01-01T00:00:00+00:00","operationId":"op-4","until":"2030-01-04T01:00:00+00:00"}],"roster":[{"silo":"silo-1","incarnation":"run-1","joined":3,"leaving":5,"leaseMilliseconds":30000}]}""";
        var set = new DenialSet(5, [new Denial(DenialKind.TaintedAuthority, "bb", 4, "stolen", "uid:0", Records.Start, "op-4", Records.Start.AddHours(73))])
        {
            Roster = [new LeaseHolder("silo-1", "run-1", 3, 5, 30_000)],
        };

        Assert.Equal(stored, Encoding.UTF8.GetString(StoredJson.Write(set, StoredJsonContext.Default.DenialSet)));
        var read = StoredJson.Read("denials/mesh.local", Encoding.UTF8.GetBytes(stored), StoredJsonContext.Default.DenialSet);
        Assert.Equal((set.Denials[0], set.Roster[0]), (Assert.Single(read.Denials), Assert.Single(read.Roster)));
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
        _files.Restart();
        var store = new SqliteDenialStore(_files.Database, _files.Seal);
        _files.Tamper($"{edit} WHERE trust_domain IN ('mesh.local', 'other.example')");

        await Assert.ThrowsAsync<RecordTamperedException>(async () => await store.ReadAsync(Records.TrustDomain, None));
    }

    [Fact]
    public async Task A_set_that_was_put_back_or_removed_is_refused()
    {
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(1), None);
        _files.Tamper("CREATE TABLE kept AS SELECT * FROM denial_set");
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(2, "spiffe://mesh.local/a"), None);
        _files.Tamper("INSERT OR REPLACE INTO denial_set SELECT * FROM kept");
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.ReadAsync(Records.TrustDomain, None));

        _files.Tamper("DELETE FROM denial_set");
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.ReadAsync(Records.TrustDomain, None));
    }
}
