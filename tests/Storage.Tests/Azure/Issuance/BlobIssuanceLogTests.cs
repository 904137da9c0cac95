using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class BlobIssuanceLogTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private BlobLogFixture? _store;

    private BlobLogFixture Store => _store ??= new BlobLogFixture();

    [SkippableFact]
    public async Task A_record_is_found_by_another_process_right_after_with_and_without_a_hint()
    {
        var record = Records.Leaf(1);
        var other = Store.New();
        var hint = new CertificateHint(record.IssuerAuthorityId, record.NotBefore);
        Assert.Null(await other.FindBySerialAsync(Records.TrustDomain, record.Serial, hint, None));
        await Store.Log.AppendAsync(record, None);

        foreach (var found in (IssuanceRecord?[])[
            await other.FindBySerialAsync(Records.TrustDomain, record.Serial, hint, None),
            await other.FindBySerialAsync(Records.TrustDomain, record.Serial, null, None)])
        {
            Assert.Equal(record with { DerSha256 = default }, found! with { DerSha256 = default });
            Assert.Equal(record.DerSha256.ToArray(), found.DerSha256.ToArray());
        }

        for (var number = 2; number < 6; number++)
        {
            await Store.Log.AppendAsync(Records.Leaf(number), None);
            Assert.NotNull(await other.FindBySerialAsync(Records.TrustDomain, Records.Serial(number), hint, None));
        }

        Assert.Null(await other.FindBySerialAsync("other.example", record.Serial, null, None));
    }

    [SkippableFact]
    public async Task A_lone_append_costs_one_request_and_many_at_once_share_few()
    {
        var faults = new StoreFaults();
        var log = Store.New(faults);
        await log.AppendAsync(Records.Leaf(1), None);
        faults.Reset();
        await log.AppendAsync(Records.Leaf(2), None);
        Assert.Equal((1, 1), (faults.Count("appendblock"), faults.Total));

        faults.Reset();
        await Task.WhenAll(Enumerable.Range(10, 1000).Select(number => log.AppendAsync(Records.Leaf(number), None).AsTask()));
        Assert.Equal(faults.Total, faults.Count("appendblock"));
        Assert.InRange(faults.Total, 1, 200);
        Assert.Equal(1002, (await log.ListAsync(Records.TrustDomain, null, 5000, None)).Count);
        Assert.Empty(await log.VerifyChainAsync(None));
    }

    [SkippableFact]
    public async Task The_first_append_of_a_start_asks_no_more_however_long_the_history_is()
    {
        async Task<int> FirstAppendAsync(int number)
        {
            var faults = new StoreFaults();
            await Store.New(faults).AppendAsync(Records.Leaf(number, issuer: $"issuer-{number}"), None);
            return faults.Total;
        }

        // The bundle's number is raised once for all.
        await FirstAppendAsync(9000);
        var before = await FirstAppendAsync(9001);
        var log = Store.New(options: new BlobIssuanceLogOptions { SegmentBytes = 2000 });
        for (var number = 0; number < 100; number++)
        {
            await log.AppendAsync(Records.Leaf(number), None);
        }

        Assert.True((await Store.NamesAsync("log/")).Count > 5);
        Assert.Equal(before, await FirstAppendAsync(9002));
        Assert.InRange(before, 1, 6);
    }

    [SkippableFact]
    public async Task A_serial_that_this_process_wrote_fails_alone()
    {
        await Store.Log.AppendAsync(Records.Leaf(5), None);
        var appends = Enumerable.Range(0, 10).Select(number => Store.Log.AppendAsync(Records.Leaf(number), None).AsTask()).ToArray();
        await Task.WhenAll(appends.Where((_, number) => number != 5));
        await Assert.ThrowsAsync<RecordConflictException>(() => appends[5]);
        Assert.Equal(10, (await Store.Log.ListAsync(Records.TrustDomain, null, 100, None)).Count);
    }

    [SkippableFact]
    public async Task An_authoritys_serial_is_refused_whichever_process_wrote_it()
    {
        await Store.Log.AppendAsync(Authority(1), None);
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.Log.AppendAsync(Authority(1), None));
        await Assert.ThrowsAsync<RecordConflictException>(async () => await Store.New().AppendAsync(Authority(1), None));
        Assert.Single(await Store.Log.ListAsync(Records.TrustDomain, null, 10, None));
    }

    [SkippableFact]
    public async Task Two_processes_that_write_to_one_authoritys_shard_both_get_all_of_theirs_in()
    {
        BlobIssuanceLog[] logs = [Store.New(), Store.New()];
        var answered = 0;
        await Task.WhenAll(logs.Select((log, process) => Task.Run(async () =>
        {
            for (var number = 0; number < 15; number++)
            {
                for (var tried = 0; ; tried++)
                {
                    try
                    {
                        await log.AppendAsync(Authority((process * 1000) + number), None);
                        Interlocked.Increment(ref answered);
                        break;
                    }
                    catch (IssuanceLogUnavailableException) when (tried < 50)
                    {
                        await BlobLogFixture.UntilAsync(() => log.IsAvailable);
                    }
                    catch (RecordConflictException) when (tried > 0)
                    {
                        // The try before went in, and its answer was not known.
                        Interlocked.Increment(ref answered);
                        break;
                    }
                }
            }
        })));

        var held = await Store.Log.ListAsync(Records.TrustDomain, null, 100, None);
        Assert.Equal(30, answered);
        Assert.Equal(30, held.Select(found => found.Record.Serial).Distinct().Count());
        Assert.Equal(30, held.Count);
        Assert.Empty(await Store.Log.VerifyChainAsync(None));
    }

    [SkippableFact]
    public async Task Segments_roll_under_load_and_everything_is_found_in_open_and_closed_ones()
    {
        var options = new BlobIssuanceLogOptions { SegmentBytes = 20_000, BatchLimit = 50 };
        var log = Store.New(options: options);
        for (var first = 0; first < 1000; first += 250)
        {
            await Task.WhenAll(Enumerable.Range(first, 250).Select(number => log.AppendAsync(Records.Leaf(number, identity: number % 10), None).AsTask()));
        }

        Assert.InRange((await Store.NamesAsync("log/")).Count, 4, 100);
        var other = Store.New();
        var hint = new CertificateHint(Records.Issuer, Records.Start.AddMinutes(-1));
        foreach (var number in (int[])[0, 1, 500, 998, 999])
        {
            Assert.NotNull(await other.FindBySerialAsync(Records.TrustDomain, Records.Serial(number), hint, None));
            Assert.NotNull(await Store.New().FindBySerialAsync(Records.TrustDomain, Records.Serial(number), null, None));
        }

        Assert.Equal(1000, (await other.ListAsync(Records.TrustDomain, null, 5000, None)).Count);
        Assert.Equal(100, (await other.FindByIdentityAsync(Records.TrustDomain, Records.Identity(3), null, 5000, None)).Count);
        Assert.Equal(1000, Assert.Single(await other.CountLiveAsync(Records.TrustDomain, Records.Start, None)).Value);
        Assert.Empty(await other.VerifyChainAsync(None));

        // A writer that comes after goes on at the end.
        var next = Store.New(options: options);
        await next.AppendAsync(Records.Leaf(5000), None);
        Assert.NotNull(await other.FindBySerialAsync(Records.TrustDomain, Records.Serial(5000), hint, None));
        Assert.Empty(await other.VerifyChainAsync(None));
    }

    [SkippableFact]
    public async Task A_wave_of_renewals_reads_each_segment_a_few_times()
    {
        var log = Store.New(options: new BlobIssuanceLogOptions { SegmentBytes = 20_000, BatchLimit = 50 });
        await Task.WhenAll(Enumerable.Range(0, 600).Select(number => log.AppendAsync(Records.Leaf(number), None).AsTask()));
        var segments = (await Store.NamesAsync("log/")).Count;
        await BlobLogFixture.UntilAsync(async () => (await Store.NamesAsync("index/")).Count == segments - 1);
        var faults = new StoreFaults();
        var other = Store.New(faults);
        for (var number = 0; number < 600; number++)
        {
            Assert.NotNull(await other.FindBySerialAsync(
                Records.TrustDomain, Records.Serial(number), new CertificateHint(Records.Issuer, Records.Start.AddMinutes(-1)), None));
        }

        // A summary; two finds by serials, of two reads each; and then the whole.
        Assert.InRange(faults.Count("read"), segments, segments * 6);
        Assert.Equal(2, faults.Count("list"));
    }

    [SkippableFact]
    public async Task Pages_lose_nothing_where_times_are_equal_over_three_shards()
    {
        for (var number = 0; number < 60; number++)
        {
            var record = Records.Leaf(number, identity: number % 2, issuer: $"issuer-{number % 3}");
            await Store.Log.AppendAsync(record with { IssuedAt = Records.Start.AddSeconds(number / 20) }, None);
        }

        foreach (var identity in (string?[])[null, Records.Identity(1)])
        {
            var paged = new List<PositionedRecord>();
            for (long? before = null; ;)
            {
                var page = identity is null
                    ? await Store.Log.ListAsync(Records.TrustDomain, before, 7, None)
                    : await Store.Log.FindByIdentityAsync(Records.TrustDomain, identity, before, 7, None);
                if (page.Count == 0)
                {
                    break;
                }

                paged.AddRange(page);
                before = page[^1].Position;
            }

            Assert.Equal(identity is null ? 60 : 30, paged.Select(found => found.Record.Serial).Distinct().Count());
            Assert.Equal(identity is null ? 60 : 30, paged.Count);
            Assert.Equal(paged.OrderByDescending(found => found.Position), paged);
            Assert.Equal(paged.Select(found => found.Record.IssuedAt).OrderDescending(), paged.Select(found => found.Record.IssuedAt));
        }
    }

    [SkippableFact]
    public async Task Live_leaves_are_counted_by_issuer_and_certificates_of_authorities_are_not()
    {
        await Store.Log.AppendAsync(Records.Leaf(1), None);
        await Store.Log.AppendAsync(Records.Leaf(2) with { NotAfter = Records.Start.AddMinutes(5) }, None);
        await Store.Log.AppendAsync(Records.Leaf(3, issuer: "another"), None);
        await Store.Log.AppendAsync(Records.Leaf(4) with { Kind = IssuanceRecordKind.IssuingCa }, None);
        await Store.Log.SealAsync(Records.TrustDomain, "another", None);

        foreach (var log in (BlobIssuanceLog[])[Store.Log, Store.New()])
        {
            Assert.Equal(
                new Dictionary<string, long> { [Records.Issuer] = 2, ["another"] = 1 }, await log.CountLiveAsync(Records.TrustDomain, Records.Start, None));
            Assert.Equal(
                new Dictionary<string, long> { [Records.Issuer] = 1, ["another"] = 1 },
                await log.CountLiveAsync(Records.TrustDomain, Records.Start.AddMinutes(5), None));
            Assert.Empty(await log.CountLiveAsync("other.example", Records.Start, None));
        }
    }

    [SkippableFact]
    public async Task The_highest_bundle_number_is_there_before_a_record_that_carries_it()
    {
        var faults = new StoreFaults();
        var log = Store.New(faults);
        Assert.Equal(0, await log.HighestBundleNumberAsync(Records.TrustDomain, None));
        await log.AppendAsync(Records.Leaf(1) with { BundleNumber = 12 }, None);
        await log.AppendAsync(Records.Leaf(2) with { BundleNumber = 3 }, None);
        Assert.Equal(12, await Store.Log.HighestBundleNumberAsync(Records.TrustDomain, None));

        long? seen = null;
        faults.Before = async (kind, _) =>
        {
            if (kind == "appendblock")
            {
                seen = await Store.Log.HighestBundleNumberAsync(Records.TrustDomain, None);
            }
        };
        await log.AppendAsync(Records.Leaf(3) with { BundleNumber = 13 }, None);
        Assert.Equal(13, seen);
    }

    [SkippableFact]
    public async Task What_waits_when_the_log_is_closed_is_still_written_and_then_it_takes_nothing()
    {
        var log = Store.Log;
        var appends = Enumerable.Range(0, 500).Select(number => log.AppendAsync(Records.Leaf(number), None).AsTask()).ToArray();
        await Store.CloseAsync();
        await Task.WhenAll(appends);

        await Assert.ThrowsAsync<IssuanceLogUnavailableException>(async () => await log.AppendAsync(Records.Leaf(1000), None));
        Assert.Equal(500, (await Store.Log.ListAsync(Records.TrustDomain, null, 3000, None)).Count);
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("UPPER")]
    public async Task An_issuer_that_is_no_part_of_a_blobs_name_is_refused(string issuer)
        => await Assert.ThrowsAsync<ArgumentException>(async () => await Store.Log.AppendAsync(Records.Leaf(1, issuer: issuer), None));

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }

    private static IssuanceRecord Authority(int number) => Records.Leaf(number, issuer: "root") with { Kind = IssuanceRecordKind.IssuingCa };
}
