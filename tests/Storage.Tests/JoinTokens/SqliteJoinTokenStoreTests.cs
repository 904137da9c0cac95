using System.Text;
using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteJoinTokenStoreTests : StateFixture
{
    private static readonly CancellationToken None = CancellationToken.None;

    private SqliteJoinTokenStore Store => field ??= new SqliteJoinTokenStore(Database, Seal);

    [Fact]
    public async Task A_token_is_taken_once()
    {
        await Store.AddAsync(Records.Token(1), None);

        Assert.Equal(Records.Token(1), await TakeAsync());
        Assert.Null(await TakeAsync());
        Assert.Null(await Store.TryConsumeAsync(Records.TrustDomain, "00", Records.Start, None));
    }

    [Fact]
    public void The_stored_content_of_a_token_never_changes() => Assert.Equal(
        """{"tokenHash":"67abdd721024f0ff4e0b3f4c2fc13bc5bad42d0b7851d456d88d203d15aaa450","trustDomain":"mesh.local","entryId":"entry-1","createdAt":"2030-01-01T00:00:00+00:00","expiresAt":"2030-01-01T00:10:00+00:00","createdBy":"uid:0"}""",
        Encoding.UTF8.GetString(StoredJson.Write(Records.Token(1), StoredJsonContext.Default.JoinToken)));

    [Fact]
    public async Task A_token_of_another_trust_domain_or_past_its_end_is_not_there()
    {
        await Store.AddAsync(Records.Token(1), None);

        Assert.Null(await Store.TryConsumeAsync("other.example", Records.Token(1).TokenHash, Records.Start, None));
        Assert.Null(await Store.TryConsumeAsync(Records.TrustDomain, Records.Token(1).TokenHash, Records.Start.AddMinutes(10), None));
        Assert.NotNull(await TakeAsync());
    }

    [Fact]
    public async Task Of_many_that_come_at_once_from_two_processes_one_gets_the_token()
    {
        using var otherDatabase = Open();
        var other = new SqliteJoinTokenStore(otherDatabase, NewProcess());
        for (var number = 0; number < 10; number++)
        {
            await Store.AddAsync(Records.Token(number), None);
            var taken = await Task.WhenAll(Enumerable.Range(0, 16).Select(caller => Task.Run(
                async () => await (caller % 2 == 0 ? Store : other).TryConsumeAsync(Records.TrustDomain, Records.Token(number).TokenHash, Records.Start, None))));
            Assert.Single(taken, token => token is not null);
        }
    }

    [Fact]
    public async Task The_same_token_is_not_added_twice()
    {
        await Store.AddAsync(Records.Token(1), None);
        await TakeAsync();
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.AddAsync(Records.Token(1), None));
    }

    [Fact]
    public async Task Tokens_that_ended_are_dropped_and_others_are_kept()
    {
        await Store.AddAsync(Records.Token(1), None);
        await Store.AddAsync(Records.Token(2) with { ExpiresAt = Records.Start.AddHours(1) }, None);

        Assert.Equal(1, await Store.PruneAsync(Records.Start.AddMinutes(30), None));
        Assert.Null(await TakeAsync());
        Assert.NotNull(await Store.TryConsumeAsync(Records.TrustDomain, Records.Token(2).TokenHash, Records.Start, None));
    }

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
        Tamper(edit);

        await Assert.ThrowsAsync<RecordTamperedException>(TakeAsync);
    }

    [Fact]
    public async Task A_taken_token_that_was_put_back_is_refused()
    {
        await Store.AddAsync(Records.Token(1), None);
        Tamper("CREATE TABLE kept AS SELECT * FROM join_token");
        await TakeAsync();
        Tamper("INSERT OR REPLACE INTO join_token SELECT * FROM kept");

        await Assert.ThrowsAsync<RecordTamperedException>(TakeAsync);
    }

    [Fact]
    public async Task A_token_copied_to_another_hash_is_refused()
    {
        await Store.AddAsync(Records.Token(1), None);
        Tamper("INSERT INTO join_token SELECT trust_domain, 'aa', version, expires_at, content, tag FROM join_token");

        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.TryConsumeAsync(Records.TrustDomain, "aa", Records.Start, None));
    }

    private Task<JoinToken?> TakeAsync() => Store.TryConsumeAsync(Records.TrustDomain, Records.Token(1).TokenHash, Records.Start, None).AsTask();
}
