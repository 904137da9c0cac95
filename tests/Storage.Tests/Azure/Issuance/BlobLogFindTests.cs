using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class BlobLogFindTests : IAsyncLifetime
{
    // A page of serials and a record.
    private const int PageAndRecord = SerialPage.Size + 200;

    private static readonly BlobIssuanceLogOptions NeverWhole = new() { HotBytes = 0, CacheBytes = 4 << 20 };

    private BlobLogFixture? _store;

    private BlobLogFixture Store => _store ??= new BlobLogFixture { Options = BlobHistory.Small };

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(200)]
    public async Task A_find_costs_the_same_requests_and_bytes_however_long_the_history_is(int segments)
    {
        var records = await Store.WriteAsync(Store.Log, segments);
        await Store.ClosedAsync();
        var faults = new StoreFaults();
        var other = Store.New(faults, NeverWhole);

        // The first look lists the shard, and reads what is open.
        Assert.Null(await other.FindAsync(records + 1, BlobHistory.Hint(records + 1)));
        Assert.Equal((2, segments < 2 ? 0 : segments - 1), (faults.Count("list"), faults.Count("read") - 1));

        for (var number = 0; number < records; number += Math.Max(1, records / 50))
        {
            faults.Reset();
            Assert.Equal(Records.Serial(number), (await other.FindAsync(number, BlobHistory.Hint(number)))?.Serial);
            Assert.InRange(faults.Total, 0, 2);
            Assert.InRange(faults.BytesRead, 0, PageAndRecord);
        }

        // With a wrong hint, of another time: its page, the open segment's tail, and then as with the right one.
        faults.Reset();
        Assert.NotNull(await other.FindAsync(0, BlobHistory.Hint(records - 1)));
        Assert.NotNull(await other.FindAsync(1, BlobHistory.Hint(100_000_000)));
        Assert.InRange(faults.Total, 0, 2 * 4);
        Assert.InRange(faults.BytesRead, 0, 2 * (PageAndRecord + SerialPage.Size));

        // What is nowhere: a page, the tail, and summaries that are in memory since the first search; some of these are wrong in one of 300.
        faults.Reset();
        for (var number = 0; number < 20; number++)
        {
            Assert.Null(await other.FindAsync(1_000_000 + number, BlobHistory.Hint(records / 2)));
        }

        Assert.InRange(faults.Total, 0, 20 * 4);
        Assert.InRange(faults.BytesRead, 0, 20 * 3 * SerialPage.Size);

        // Without a hint the segments are listed.
        faults.Reset();
        Assert.NotNull(await other.FindAsync(2, null));
        Assert.InRange(faults.Total, 2, 6);
        Assert.InRange(faults.BytesRead, 0, PageAndRecord + SerialPage.Size);
    }

    [SkippableFact]
    public async Task What_a_process_wrote_itself_costs_it_no_request()
    {
        var faults = new StoreFaults();
        var log = Store.New(faults);
        var records = await Store.WriteAsync(log, 5);
        await Store.ClosedAsync();
        faults.Reset();
        for (var number = 0; number < records; number++)
        {
            var found = await log.FindAsync(number, number % 2 == 0 ? null : BlobHistory.Hint(number));
            Assert.Equal(BlobHistory.Record(number) with { DerSha256 = default }, found! with { DerSha256 = default });
            Assert.Equal(BlobHistory.Record(number).DerSha256.ToArray(), found.DerSha256.ToArray());
        }

        Assert.Null(await log.FindBySerialAsync("other.example", Records.Serial(0), null, CancellationToken.None));
        Assert.Equal(records, (await Store.Log.ListAsync(Records.TrustDomain, null, 10_000, CancellationToken.None)).Count);
        faults.Reset();
        await log.FindAsync(0, null);
        Assert.Equal(0, faults.Total);
    }

    [SkippableFact]
    public async Task A_segment_that_many_finds_end_in_is_read_once_and_then_serves_from_memory()
    {
        await Store.WriteAsync(Store.Log, 5);
        await Store.ClosedAsync();
        var faults = new StoreFaults();
        var other = Store.New(faults, new BlobIssuanceLogOptions { HotBytes = 1000 });
        for (var number = 0; number < 12; number++)
        {
            Assert.NotNull(await other.FindAsync(number, BlobHistory.Hint(number)));
        }

        faults.Reset();
        for (var number = 0; number < BlobHistory.SegmentRecords / 2; number++)
        {
            Assert.NotNull(await other.FindAsync(number, BlobHistory.Hint(number)));
        }

        Assert.Equal(0, faults.Total);
    }

    [SkippableFact]
    public async Task Segments_that_close_after_a_process_looked_are_noticed_without_reading_them()
    {
        await Store.WriteAsync(Store.Log, 3);
        await Store.ClosedAsync();
        var faults = new StoreFaults();
        var other = Store.New(faults, NeverWhole);
        Assert.NotNull(await other.FindAsync(0, BlobHistory.Hint(0)));

        var all = await Store.NamesAsync("log/");
        for (var number = 10_000; (await Store.NamesAsync("log/")).Count < all.Count + 10; number += 20)
        {
            await Task.WhenAll(Enumerable.Range(number, 20).Select(one => Store.Log.AppendAsync(BlobHistory.Record(one), CancellationToken.None).AsTask()));
        }

        await Store.ClosedAsync();
        faults.Reset();
        Assert.NotNull(await other.FindAsync(10_300, BlobHistory.Hint(10_300)));
        Assert.InRange(faults.Count("head"), 1, 12);
        Assert.Equal((0, 2), (faults.Count("list"), faults.Count("read")));
        Assert.InRange(faults.BytesRead, 1, PageAndRecord);
    }

    [SkippableFact]
    public async Task What_a_killed_writer_left_without_serials_is_made_once_by_who_comes_first()
    {
        var killed = new StoreFaults { Choose = (kind, path) => kind == "put" && (path.Contains("/serials/") || path.Contains("/index/")) ? StoreFault.LoseRequest : StoreFault.None };
        var (looked, writer) = (Store.New(), Store.New(killed));
        var records = await Store.WriteAsync(writer, 1);
        Assert.NotNull(await looked.FindAsync(0, BlobHistory.Hint(0)));
        records = await Store.WriteAsync(writer, 8, records);
        Assert.NotNull(await looked.FindAsync(records / 2, BlobHistory.Hint(records / 2)));
        Assert.Empty(await Store.NamesAsync("serials/"));
        await Store.New().SealAsync(Records.TrustDomain, Records.Issuer, CancellationToken.None);
        Assert.Single(await Store.NamesAsync("serials/"));

        BlobIssuanceLog[] readers = [Store.New(), Store.New()];
        for (var number = 0; number < records; number += 7)
        {
            Assert.All(await Task.WhenAll(readers.Select(reader => reader.FindAsync(number, BlobHistory.Hint(number)).AsTask())), Assert.NotNull);
        }

        Assert.Equal(await Store.NamesAsync("log/"), (await Store.NamesAsync("serials/")).Select(name => "log" + name["serials".Length..]));
        Assert.NotNull(await looked.FindAsync(records - 1, BlobHistory.Hint(records - 1)));
        var faults = new StoreFaults();
        var last = Store.New(faults, NeverWhole);
        Assert.NotNull(await last.FindAsync(0, BlobHistory.Hint(0)));
        Assert.Equal((2, 2), (faults.Count("list"), faults.Count("read")));
        Assert.Empty(await Store.New().VerifyChainAsync(CancellationToken.None));
    }

    [SkippableFact]
    public async Task A_log_from_before_there_were_serials_is_read_and_gets_them()
    {
        var records = await Store.WriteAsync(Store.Log, 10);
        await Store.ClosedAsync();
        await Store.CloseAsync();
        foreach (var name in await Store.NamesAsync("serials/"))
        {
            await Store.DeleteAsync(name);
        }

        foreach (var name in await Store.NamesAsync("index/"))
        {
            var blob = Store.Container.GetBlobClient(name);
            var metadata = (await blob.GetPropertiesAsync()).Value.Metadata;
            Assert.True(metadata.Remove("oldest") && metadata.Remove("youngest"));
            await blob.SetMetadataAsync(metadata);
        }

        var other = Store.New(options: NeverWhole);
        for (var number = 0; number < records; number++)
        {
            Assert.NotNull(await other.FindAsync(number, BlobHistory.Hint(number)));
        }

        Assert.Equal(await Store.NamesAsync("index/"), (await Store.NamesAsync("serials/")).Select(name => "index" + name["serials".Length..]));
        var faults = new StoreFaults();
        var next = Store.New(faults, NeverWhole);
        Assert.NotNull(await next.FindAsync(50, BlobHistory.Hint(50)));
        Assert.Equal((2, 2), (faults.Count("list"), faults.Count("read")));
        Assert.Empty(await Store.New().VerifyChainAsync(CancellationToken.None));
    }

    [SkippableFact]
    public async Task Without_the_record_key_serials_are_neither_used_nor_made()
    {
        var keyless = new RecordAuthenticator();
        var records = await Store.WriteAsync(Store.New(authenticator: keyless), 4);
        await Store.ClosedAsync();
        Assert.Empty(await Store.NamesAsync("serials/"));
        var other = Store.New(authenticator: keyless);
        Assert.NotNull(await other.FindAsync(0, BlobHistory.Hint(0)));
        Assert.NotNull(await Store.Log.FindAsync(0, BlobHistory.Hint(0)));
        Assert.Single(await Store.NamesAsync("serials/"));
        Assert.NotNull(await Store.New(authenticator: keyless).FindAsync(records - 1, null));
        Assert.NotNull(await Store.New(authenticator: BlobLogFixture.Authenticator(9)).FindAsync(0, BlobHistory.Hint(0)));
    }

    [SkippableFact]
    public async Task Many_finds_at_once_by_two_processes_get_their_records_and_read_few_segments_at_a_time()
    {
        var records = await Store.WriteAsync(Store.Log, 30);
        await Store.ClosedAsync();
        foreach (var name in await Store.NamesAsync("serials/"))
        {
            await Store.DeleteAsync(name);
        }

        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (pages, whole) = (0, 0);
        var faults = new StoreFaults
        {
            Before = async (kind, path) =>
            {
                if (kind == "read" && path.Contains("/serials/"))
                {
                    Interlocked.Increment(ref pages);
                }
                else if (kind == "read" && path.Contains("/log/"))
                {
                    Interlocked.Increment(ref whole);
                    await release.Task;
                }
            },
        };
        BlobIssuanceLog[] readers = [Store.New(faults, NeverWhole), Store.New(options: NeverWhole)];
        Task<IssuanceRecord?> Find(int reader, int number) => readers[reader].FindAsync(number, BlobHistory.Hint(number)).AsTask();
        var first = Enumerable.Range(0, 30).Select(segment => Find(0, segment * records / 30)).ToArray();
        await BlobLogFixture.UntilAsync(() => Volatile.Read(ref pages) >= 15 && Volatile.Read(ref whole) >= 4);
        Assert.Equal(4, Volatile.Read(ref whole));
        release.SetResult();
        Assert.All(await Task.WhenAll(first), Assert.NotNull);

        await Parallel.ForEachAsync(Enumerable.Range(0, records), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (number, _) =>
        {
            Assert.Equal(Records.Serial(number), (await Find(0, number))?.Serial);
            Assert.Equal(Records.Serial(number), (await Find(1, number))?.Serial);
        });
        Assert.Empty(await Store.New().VerifyChainAsync(CancellationToken.None));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }
}
