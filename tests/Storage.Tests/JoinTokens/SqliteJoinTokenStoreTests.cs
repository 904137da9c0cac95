using System.Text;
using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteJoinTokenStoreTests : JoinTokenStoreTests, IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly StateFixture _files = new();
    private SqliteDatabase? _other;

    private protected override IJoinTokenStore Store => field ??= new SqliteJoinTokenStore(_files.Database, _files.Seal);

    public void Dispose()
    {
        _other?.Dispose();
        _files.Dispose();
    }

    [Fact]
    public void The_stored_content_of_a_token_never_changes() => Assert.Equal(
        """{"tokenHash":"67abdd721024f0ff4e0b3f4c2fc13bc5bad42d0b7851d456d88d203d15aaa450","trustDomain":"mesh.local","entryId":"entry-1","createdAt":"2030-01-01T00:00:00+00:00","expiresAt":"2030-01-01T00:10:00+00:00","createdBy":"uid:0"}""",
        Encoding.UTF8.GetString(StoredJson.Write(Records.Token(1), StoredJsonContext.Default.JoinToken)));

    [Theory]
    [InlineData("UPDATE join_token SET version = 1")]
    [InlineData("UPDATE join_token SET content = CAST(replace(CAST(content AS TEXT), 'entry-1', 'entry-2') AS BLOB)")]
    [InlineData("UPDATE join_token SET content = CAST(replace(CAST(content AS TEXT), '00:10:00', '09:10:00') AS BLOB)")]
    [InlineData("UPDATE join_token SET tag = zeroblob(32)")]
    [InlineData("UPDATE join_token SET version = 1, tag = zeroblob(32)")]
    public async Task An_edited_token_is_refused(string edit)
    {
        await Store.AddAsync(Records.Token(1), None);
        await TakeAsync();
        _files.Tamper(edit);

        await Assert.ThrowsAsync<RecordTamperedException>(() => TakeAsync());
    }

    [Fact]
    public async Task A_taken_token_that_was_put_back_is_refused()
    {
        await Store.AddAsync(Records.Token(1), None);
        _files.Tamper("CREATE TABLE kept AS SELECT * FROM join_token");
        await TakeAsync();
        _files.Tamper("INSERT OR REPLACE INTO join_token SELECT * FROM kept");

        await Assert.ThrowsAsync<RecordTamperedException>(() => TakeAsync());
    }

    [Fact]
    public async Task A_token_copied_to_another_hash_is_refused()
    {
        await Store.AddAsync(Records.Token(1), None);
        _files.Tamper("INSERT INTO join_token SELECT trust_domain, 'aa', version, expires_at, content, tag FROM join_token");

        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.TryConsumeAsync(Records.TrustDomain, "aa", "a-call", Records.Start, None));
    }

    private protected override IJoinTokenStore AnotherProcess() => new SqliteJoinTokenStore(_other ??= _files.Open(), StateFixture.NewProcess());
}
