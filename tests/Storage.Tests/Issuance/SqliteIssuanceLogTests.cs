using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteIssuanceLogTests : LogFixture
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_record_is_found_by_serial_with_every_field()
    {
        var record = Records.Leaf(1);
        await AppendAsync(record);

        var found = await Log.FindBySerialAsync(Records.TrustDomain, record.Serial, null, None);

        Assert.Equal(record with { DerSha256 = default }, found! with { DerSha256 = default });
        Assert.Equal(record.DerSha256.ToArray(), found.DerSha256.ToArray());
    }

    [Fact]
    public async Task A_record_is_found_after_a_restart_and_after_its_index_was_lost()
    {
        await AppendManyAsync(1, 300);
        Close();
        Assert.NotNull(await Log.FindBySerialAsync(Records.TrustDomain, Records.Serial(123), null, None));
        Close();
        File.Delete(IndexPath);

        Assert.NotNull(await Log.FindBySerialAsync(Records.TrustDomain, Records.Serial(123), null, None));
        Assert.Equal(300, (await Log.ListAsync(Records.TrustDomain, null, 1000, None)).Count);
        await Assert.ThrowsAsync<RecordConflictException>(() => AppendAsync(Records.Leaf(123)));
    }

    [Fact]
    public async Task An_index_of_rubbish_is_made_anew_from_the_log()
    {
        await AppendManyAsync(1, 10);
        Close();
        await File.WriteAllTextAsync(IndexPath, "this is not a database, and it is long enough to be taken for one: " + new string('x', 5000));

        Assert.Equal(10, (await Log.FindByIdentityAsync(Records.TrustDomain, Records.Identity(1), null, 100, None)).Count);
    }

    [Fact]
    public async Task An_index_of_another_log_is_made_anew()
    {
        await AppendManyAsync(1, 10);
        Close();
        Tamper("UPDATE progress SET log_id = x'00'", IndexPath);
        Tamper("DELETE FROM serial", IndexPath);

        Assert.NotNull(await Log.FindBySerialAsync(Records.TrustDomain, Records.Serial(3), null, None));
    }

    [Fact]
    public async Task Many_records_pass_from_memory_into_the_index_and_all_are_found()
    {
        const int Count = 40_000;
        for (var first = 0; first < Count; first += 4000)
        {
            await AppendManyAsync(first, 4000, number => Records.Leaf(number, identity: number % 7));
        }

        foreach (var number in (int[])[0, 1, 16_383, 16_384, 20_000, Count - 1])
        {
            Assert.Equal(Records.Serial(number), (await Log.FindBySerialAsync(Records.TrustDomain, Records.Serial(number), null, None))?.Serial);
        }

        var live = await Log.CountLiveAsync(Records.TrustDomain, Records.Start, None);
        Assert.Equal(Count, Assert.Single(live).Value);
        await Assert.ThrowsAsync<RecordConflictException>(() => AppendAsync(Records.Leaf(0)));
        Assert.Empty(await Log.VerifyChainAsync(None));

        Close();
        Assert.Equal(Count, Assert.Single(await Log.CountLiveAsync(Records.TrustDomain, Records.Start, None)).Value);
        await Assert.ThrowsAsync<RecordConflictException>(() => AppendAsync(Records.Leaf(Count - 1)));
    }

    [Fact]
    public async Task A_serial_that_is_in_the_log_fails_alone_and_its_batch_goes_in()
    {
        await AppendAsync(Records.Leaf(5));
        using (Hold())
        {
            var appends = Enumerable.Range(0, 10).Select(number => AppendAsync(Records.Leaf(number))).ToArray();
            Release();
            await Task.WhenAll(appends.Where((_, number) => number != 5));
            await Assert.ThrowsAsync<RecordConflictException>(() => appends[5]);
        }

        Assert.Equal(10, (await Log.ListAsync(Records.TrustDomain, null, 100, None)).Count);
        Assert.True(Log.IsAvailable);
    }

    [Fact]
    public async Task Of_two_appends_of_one_serial_in_the_same_batch_one_wins()
    {
        Task[] appends;
        using (Hold())
        {
            appends = [.. Enumerable.Range(0, 8).Select(_ => AppendAsync(Records.Leaf(1)))];
            Release();
            await Task.WhenAll(appends.Select(append => append.ContinueWith(_ => { }, TaskScheduler.Default)));
        }

        Assert.Equal(1, appends.Count(append => append.IsCompletedSuccessfully));
        Assert.All(appends.Where(append => append.IsFaulted), append => Assert.IsType<RecordConflictException>(append.Exception!.InnerException));
        Assert.Single(await Log.ListAsync(Records.TrustDomain, null, 100, None));
    }

    [Fact]
    public async Task The_same_serial_is_free_in_another_trust_domain()
    {
        await AppendAsync(Records.Leaf(1));
        await AppendAsync(Records.Leaf(1, trustDomain: "other.example"));

        Assert.Equal("other.example", (await Log.FindBySerialAsync("other.example", Records.Serial(1), null, None))?.TrustDomain);
        Assert.Null(await Log.FindBySerialAsync("third.example", Records.Serial(1), null, None));
    }

    [Fact]
    public async Task Records_of_an_identity_come_newest_first_in_pages()
    {
        for (var number = 0; number < 10; number++)
        {
            await AppendAsync(Records.Leaf(number, identity: number % 2));
        }

        var first = await Log.FindByIdentityAsync(Records.TrustDomain, Records.Identity(1), null, 3, None);
        var second = await Log.FindByIdentityAsync(Records.TrustDomain, Records.Identity(1), first[^1].Position, 3, None);

        Assert.Equal([Records.Serial(9), Records.Serial(7), Records.Serial(5)], first.Select(found => found.Record.Serial));
        Assert.Equal([Records.Serial(3), Records.Serial(1)], second.Select(found => found.Record.Serial));
        Assert.Empty(await Log.FindByIdentityAsync("other.example", Records.Identity(1), null, 3, None));
    }

    [Fact]
    public async Task Pages_of_an_identity_go_on_from_memory_into_the_index_file()
    {
        await AppendManyAsync(0, 5);
        Close();
        await AppendManyAsync(5, 5);

        var all = await Log.FindByIdentityAsync(Records.TrustDomain, Records.Identity(1), null, 100, None);
        var paged = new List<PositionedRecord>();
        for (long? before = null; ;)
        {
            var page = await Log.FindByIdentityAsync(Records.TrustDomain, Records.Identity(1), before, 3, None);
            if (page.Count == 0)
            {
                break;
            }

            paged.AddRange(page);
            before = page[^1].Position;
        }

        Assert.Equal(10, all.Count);
        Assert.Equal(all.Select(found => found.Position), paged.Select(found => found.Position));
    }

    [Fact]
    public async Task All_records_of_a_trust_domain_come_newest_first_in_pages()
    {
        await AppendManyAsync(0, 20);
        await AppendAsync(Records.Leaf(1, trustDomain: "other.example"));
        await AppendManyAsync(20, 5);

        var first = await Log.ListAsync(Records.TrustDomain, null, 7, None);
        var rest = await Log.ListAsync(Records.TrustDomain, first[^1].Position, 100, None);

        Assert.Equal(25, first.Concat(rest).Select(found => found.Record.Serial).Distinct().Count());
        Assert.Equal(first.Concat(rest).Select(found => found.Position).OrderDescending(), first.Concat(rest).Select(found => found.Position));
    }

    [Fact]
    public async Task Live_leaves_are_counted_by_issuer_and_certificates_of_authorities_are_not()
    {
        await AppendAsync(Records.Leaf(1));
        await AppendAsync(Records.Leaf(2) with { NotAfter = Records.Start.AddMinutes(5) });
        await AppendAsync(Records.Leaf(3, issuer: "another"));
        await AppendAsync(Records.Leaf(4) with { Kind = IssuanceRecordKind.IssuingCa });

        var now = await Log.CountLiveAsync(Records.TrustDomain, Records.Start, None);
        var later = await Log.CountLiveAsync(Records.TrustDomain, Records.Start.AddMinutes(5), None);
        Close();
        var restarted = await Log.CountLiveAsync(Records.TrustDomain, Records.Start, None);

        Assert.Equal(new Dictionary<string, long> { [Records.Issuer] = 2, ["another"] = 1 }, now);
        Assert.Equal(new Dictionary<string, long> { [Records.Issuer] = 1, ["another"] = 1 }, later);
        Assert.Equal(now, restarted);
        Assert.Empty(await Log.CountLiveAsync("other.example", Records.Start, None));
    }

    [Fact]
    public async Task The_highest_bundle_number_stays_when_later_records_carry_a_lower_one()
    {
        Assert.Equal(0, await Log.HighestBundleNumberAsync(Records.TrustDomain, None));
        await AppendAsync(Records.Leaf(1) with { BundleNumber = 12 });
        await AppendAsync(Records.Leaf(2) with { BundleNumber = 3 });
        Close();
        await AppendAsync(Records.Leaf(3) with { BundleNumber = 4 });

        Assert.Equal(12, await Log.HighestBundleNumberAsync(Records.TrustDomain, None));
    }

    [Fact]
    public async Task One_batch_may_hold_records_of_several_issuers_and_every_chain_holds()
    {
        await AppendManyAsync(0, 500, number => Records.Leaf(number, issuer: $"issuer-{number % 5}"));
        Close();
        await AppendManyAsync(500, 500, number => Records.Leaf(number, issuer: $"issuer-{number % 5}"));

        Assert.Empty(await Log.VerifyChainAsync(None));
        Assert.Equal(5, (await Log.CountLiveAsync(Records.TrustDomain, Records.Start, None)).Count);
        Assert.Equal(1000, (await Log.ListAsync(Records.TrustDomain, null, 2000, None)).Select(found => found.Position).Distinct().Count());
    }

    [Fact]
    public async Task What_waits_when_the_log_is_closed_is_still_written()
    {
        var appends = Enumerable.Range(0, 2000).Select(number => AppendAsync(Records.Leaf(number))).ToArray();
        Close();
        await Task.WhenAll(appends);

        Assert.Equal(2000, (await Log.ListAsync(Records.TrustDomain, null, 3000, None)).Count);
    }

    [Fact]
    public async Task A_closed_log_takes_nothing()
    {
        var log = Log;
        Close();
        await Assert.ThrowsAsync<IssuanceLogUnavailableException>(async () => await log.AppendAsync(Records.Leaf(1), None));
    }

    [Fact]
    public async Task A_cancelled_caller_is_told_before_anything_is_queued()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Log.AppendAsync(Records.Leaf(1), new CancellationToken(true)));
        Assert.Empty(await Log.ListAsync(Records.TrustDomain, null, 10, None));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ABCD")]
    [InlineData("abc")]
    [InlineData("zz")]
    public async Task A_serial_that_is_no_lowercase_hex_is_refused_and_harms_nobody(string serial)
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await Log.AppendAsync(Records.Leaf(1) with { Serial = serial }, None));
        await AppendAsync(Records.Leaf(1));
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once_and_takes_again_when_it_has_room()
    {
        using var log = new OwnedLog(Open(queueCapacity: 4, batchLimit: 2));
        var blocker = Connect();
        Run(blocker, "BEGIN IMMEDIATE");
        var appends = Enumerable.Range(0, 200).Select(number => log.Log.AppendAsync(Records.Leaf(number), None).AsTask()).ToArray();

        Assert.Contains(appends, append => append.IsFaulted && append.Exception!.InnerException is IssuanceLogUnavailableException);
        blocker.Dispose();
        await Task.WhenAll(appends.Select(append => append.ContinueWith(_ => { }, TaskScheduler.Default)));
    }

    private Microsoft.Data.Sqlite.SqliteConnection? _holder;

    // Keeps the log's thread at the beginning of a commit, so that what is appended meanwhile becomes one batch.
    private Disposing Hold()
    {
        _ = Log;
        _holder = Connect();
        Run(_holder, "BEGIN IMMEDIATE");
        return new Disposing(Release);
    }

    private void Release()
    {
        _holder?.Dispose();
        _holder = null;
    }

    private static void Run(Microsoft.Data.Sqlite.SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private sealed class Disposing(Action end) : IDisposable
    {
        public void Dispose() => end();
    }

    private sealed class OwnedLog(SqliteIssuanceLog log) : IDisposable
    {
        public SqliteIssuanceLog Log => log;

        public void Dispose() => log.Dispose();
    }
}
