using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class BlobLogSerialsTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly string First = new LogSegment(Records.TrustDomain, Records.Issuer, 0).SerialsName;

    private BlobLogFixture? _store;

    private BlobLogFixture Store => _store ??= new BlobLogFixture { Options = BlobHistory.Small };

    [SkippableTheory]
    [InlineData("missing")]
    [InlineData("emptied")]
    [InlineData("truncated")]
    [InlineData("lengthened and shifted")]
    [InlineData("garbage")]
    [InlineData("zeros")]
    [InlineData("an entry points elsewhere")]
    [InlineData("an entry is gone")]
    [InlineData("of the next segment")]
    [InlineData("of another deployment")]
    public async Task Serials_that_are_unfit_cost_a_longer_read_are_named_and_made_anew(string how)
    {
        await Store.WriteAsync(Store.Log, 4);
        await Store.ClosedAsync();
        var bytes = await Store.BytesAsync(First);
        Assert.Equal(SerialPage.Size, bytes.Length);
        byte[]? put = how switch
        {
            "missing" => null,
            "emptied" => [],
            "truncated" => bytes[..^1],
            "lengthened and shifted" => [0, .. bytes],
            "garbage" => [.. Enumerable.Range(0, SerialPage.Size).Select(i => (byte)(i * 7))],
            "zeros" => new byte[SerialPage.Size],
            "an entry points elsewhere" => [.. bytes[..55], (byte)(bytes[55] ^ 1), .. bytes[56..]],
            "an entry is gone" => [.. bytes[..13], (byte)(bytes[13] - 1), .. bytes[14..]],
            "of the next segment" => await Store.BytesAsync(new LogSegment(Records.TrustDomain, Records.Issuer, 1).SerialsName),
            _ => await ForeignAsync(),
        };
        if (put is null)
        {
            await Store.DeleteAsync(First);
        }
        else
        {
            await Store.Container.GetBlobClient(First).UploadAsync(new BinaryData(put), overwrite: true);
            Assert.Contains(await Store.New().VerifyChainAsync(None), finding => finding.StartsWith(First, StringComparison.Ordinal));
        }

        var other = Store.New(options: new BlobIssuanceLogOptions { HotBytes = 0 });
        Assert.Equal(BlobHistory.Record(3).SpiffeId, (await other.FindAsync(3, BlobHistory.Hint(3)))?.SpiffeId);
        Assert.Null(await other.FindAsync(1_000_000, BlobHistory.Hint(3)));
        Assert.Equal(bytes, await Store.BytesAsync(First));
        Assert.Empty(await Store.New().VerifyChainAsync(None));
        var faults = new StoreFaults();
        Assert.NotNull(await Store.New(faults, new BlobIssuanceLogOptions { HotBytes = 0 }).FindAsync(3, BlobHistory.Hint(3)));
        Assert.Equal(2, faults.Count("read"));
    }

    [SkippableFact]
    public async Task Serials_that_stay_unfit_are_written_a_few_times_and_no_more()
    {
        await Store.WriteAsync(Store.Log, 4);
        await Store.ClosedAsync();
        await Store.Container.GetBlobClient(First).UploadAsync(new BinaryData([1]), overwrite: true);
        var faults = new StoreFaults { Choose = (kind, path) => kind == "put" && path.Contains("/serials/") ? StoreFault.LoseRequest : StoreFault.None };
        var other = Store.New(faults);
        for (var tried = 0; tried < 20; tried++)
        {
            Assert.NotNull(await other.FindAsync(3, BlobHistory.Hint(3)));
        }

        Assert.InRange(faults.Count("put"), 1, 3);
        Assert.InRange(faults.BytesRead, 1, 100_000);
    }

    [SkippableTheory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(true, 1 << 20)]
    public async Task A_record_that_was_edited_after_its_segment_was_closed_is_refused(bool rehashed, int hotBytes)
    {
        await Store.WriteAsync(Store.Log, 4);
        await Store.ClosedAsync();
        var name = BlobLogFixture.Segment(0);
        var bytes = await Store.BytesAsync(name);
        var edited = bytes.AsSpan().IndexOf("service-1"u8) + 8;
        await Store.ReplaceAsync(name, rehashed ? Rehashed(bytes, 3) : [.. bytes[..edited], (byte)'2', .. bytes[(edited + 1)..]]);
        var number = rehashed ? 3 : Enumerable.Range(0, 20).First(one => bytes.AsSpan(0, edited).LastIndexOf(Convert.FromHexString(Records.Serial(one))) > edited - 60);

        var options = new BlobIssuanceLogOptions { HotBytes = hotBytes };
        foreach (var hint in (CertificateHint?[])[BlobHistory.Hint(number), null])
        {
            var refused = await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.New(options: options).FindAsync(number, hint));
            Assert.Contains(name, refused.Message);
        }

        Assert.NotEmpty(await Store.New().VerifyChainAsync(None));
        if (!rehashed)
        {
            // Taking its serials away changes nothing about that.
            await Store.DeleteAsync(First);
            await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.New(options: options).FindAsync(number, BlobHistory.Hint(number)));
            Assert.DoesNotContain(First, await Store.NamesAsync("serials/"));
        }
    }

    [SkippableFact]
    public async Task A_rewritten_segment_is_not_taken_into_memory_for_its_other_records()
    {
        await Store.WriteAsync(Store.Log, 4);
        await Store.ClosedAsync();
        var name = BlobLogFixture.Segment(0);
        await Store.ReplaceAsync(name, Rehashed(await Store.BytesAsync(name), 3));
        var other = Store.New(options: new BlobIssuanceLogOptions { HotBytes = 1 << 20 });
        for (var tried = 0; tried < 3; tried++)
        {
            await Assert.ThrowsAsync<RecordTamperedException>(async () => await other.FindAsync(5, BlobHistory.Hint(5)));
        }
    }

    [SkippableFact]
    public async Task A_cut_or_expired_segment_gives_no_record_that_it_does_not_hold()
    {
        var records = await Store.WriteAsync(Store.Log, 4);
        await Store.ClosedAsync();
        var name = BlobLogFixture.Segment(0);
        await Store.ReplaceAsync(name, (await Store.BytesAsync(name))[..400]);
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.New().FindAsync(10, BlobHistory.Hint(10)));

        await Store.DeleteAsync(name);
        var other = Store.New();
        Assert.Null(await other.FindAsync(10, BlobHistory.Hint(10)));
        Assert.NotNull(await other.FindAsync(records / 2, BlobHistory.Hint(records / 2)));
        Assert.Contains(await Store.New().VerifyChainAsync(None), finding => finding.Contains("missing"));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }

    // The same records under another record key.
    private async Task<byte[]> ForeignAsync()
    {
        var segment = new ParsedSegment(new LogSegment(Records.TrustDomain, Records.Issuer, 0));
        segment.Extend(await Store.BytesAsync(BlobLogFixture.Segment(0)));
        return SerialPage.Encode(segment, BlobLogFixture.Authenticator(7));
    }

    // The segment as who knows the format, and not the record key, can forge it: one record names another identity, and every hash fits.
    private static byte[] Rehashed(byte[] bytes, int number)
    {
        var segment = new ParsedSegment(new LogSegment(Records.TrustDomain, Records.Issuer, 0));
        segment.Extend(bytes);
        var frames = new LogFrames(Records.TrustDomain, Records.Issuer);
        var block = new BinaryBuffer(bytes.Length);
        frames.Header(block, 0, LogHead.Start);
        var appends = segment.Records.Select(entry =>
        {
            var record = segment.Decode(entry);
            var append = new PendingAppend(_ => { });
            append.Fill(record.Serial == Records.Serial(number) ? record with { SpiffeId = Records.Identity(2) } : record);
            return append;
        }).ToList();
        var head = frames.Batch(block, LogHead.Start, appends);
        frames.Mark(block, LogFrameKind.Roll, head);
        return block.Written.ToArray();
    }
}
