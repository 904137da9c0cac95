using Azure.Storage.Blobs.Specialized;
using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class BlobLogTamperTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private BlobLogFixture? _store;

    private BlobLogFixture Store => _store ??= new BlobLogFixture();

    [SkippableTheory]
    [InlineData("edited")]
    [InlineData("cut between blocks")]
    [InlineData("cut within a block")]
    [InlineData("emptied")]
    [InlineData("swapped")]
    [InlineData("deleted")]
    [InlineData("reordered")]
    [InlineData("summary lies")]
    [InlineData("summary of nothing")]
    [InlineData("strange name")]
    public async Task An_edit_behind_its_back_is_named(string edit)
    {
        var log = Store.New(options: new BlobIssuanceLogOptions { SegmentBytes = 2000 });
        for (var number = 0; number < 40; number++)
        {
            await log.AppendAsync(Records.Leaf(number), None);
        }

        await BlobLogFixture.UntilAsync(async () => (await Store.NamesAsync("index/")).Count >= 2);
        Assert.Empty(await Store.New().VerifyChainAsync(None));
        var (first, second) = (BlobLogFixture.Segment(0), BlobLogFixture.Segment(1));
        var bytes = await Store.BytesAsync(second);
        var ends = FrameEnds(bytes);
        switch (edit)
        {
            case "edited":
                await Store.ReplaceAsync(second, [.. bytes[..^100], (byte)(bytes[^100] ^ 1), .. bytes[^99..]]);
                break;
            case "cut between blocks":
                await Store.ReplaceAsync(second, bytes[..ends[^3]]);
                break;
            case "cut within a block":
                await Store.ReplaceAsync(second, bytes[..(ends[^3] - 7)]);
                break;
            case "emptied":
                await Store.ReplaceAsync(second, []);
                break;
            case "swapped":
                var other = await Store.BytesAsync(first);
                await Store.ReplaceAsync(first, bytes);
                await Store.ReplaceAsync(second, other);
                break;
            case "deleted":
                await Store.DeleteAsync(second);
                break;
            case "reordered":
                await Store.ReplaceAsync(second, [.. bytes[..ends[0]], .. bytes[ends[1]..ends[2]], .. bytes[ends[0]..ends[1]], .. bytes[ends[2]..]]);
                break;
            case "summary lies":
                await Store.Container.GetBlobClient("index" + second[3..]).UploadAsync(new BinaryData(new byte[100]), overwrite: true);
                break;
            case "summary of nothing":
                await Store.Container.GetBlobClient("index" + BlobLogFixture.Segment(0, "nobody")[3..]).UploadAsync(new BinaryData(new byte[100]), overwrite: true);
                break;
            default:
                await Store.Container.GetAppendBlobClient("log/x").CreateAsync();
                break;
        }

        Assert.NotEmpty(await Store.New().VerifyChainAsync(None));
    }

    [SkippableFact]
    public async Task A_shard_that_is_gone_shows_to_who_wrote_it_and_to_who_walked_over_it()
    {
        await Store.Log.AppendAsync(Records.Leaf(1), None);
        var reader = Store.New();
        Assert.Empty(await reader.VerifyChainAsync(None));
        await Store.DeleteAsync(BlobLogFixture.Segment(0));

        Assert.Contains(await Store.Log.VerifyChainAsync(None), finding => finding.Contains("missing"));
        for (var walk = 0; walk < 2; walk++)
        {
            Assert.Contains(await reader.VerifyChainAsync(None), finding => finding.Contains("missing"));
        }
    }

    [SkippableFact]
    public async Task A_tail_that_was_cut_off_shows_to_who_wrote_it_and_stops_the_shard()
    {
        for (var number = 0; number < 5; number++)
        {
            await Store.Log.AppendAsync(Records.Leaf(number), None);
        }

        var bytes = await Store.BytesAsync(BlobLogFixture.Segment(0));
        await Store.ReplaceAsync(BlobLogFixture.Segment(0), bytes[..FrameEnds(bytes)[^2]]);

        Assert.Contains(await Store.Log.VerifyChainAsync(None), finding => finding.Contains("cut off"));
        await Assert.ThrowsAsync<IssuanceShardSealedException>(async () => await Store.Log.AppendAsync(Records.Leaf(9), None));
    }

    [SkippableFact]
    public async Task Nothing_is_appended_to_a_shard_whose_end_was_edited_and_others_go_on()
    {
        await Store.Log.AppendAsync(Records.Leaf(1), None);
        await Store.Log.AppendAsync(Records.Leaf(2), None);
        var bytes = await Store.BytesAsync(BlobLogFixture.Segment(0));
        await Store.ReplaceAsync(BlobLogFixture.Segment(0), [.. bytes[..^40], (byte)(bytes[^40] ^ 1), .. bytes[^39..]]);

        var log = Store.New();
        var refused = await Assert.ThrowsAsync<IssuanceLogUnavailableException>(async () => await log.AppendAsync(Records.Leaf(3), None));
        Assert.IsType<RecordTamperedException>(refused.InnerException);
        await log.AppendAsync(Records.Leaf(4, issuer: "another"), None);
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await log.FindBySerialAsync(
            Records.TrustDomain, Records.Serial(1), new CertificateHint(Records.Issuer, Records.Start), None));
    }

    [SkippableTheory]
    [InlineData("3")]
    [InlineData("")]
    [InlineData(null)]
    public async Task An_anchor_that_was_put_back_is_refused_by_who_has_seen_it_higher(string? content)
    {
        await Store.Log.RaiseAnchorAsync(Records.TrustDomain, LogAnchor.Denials, 7, None);
        var anchor = Store.Container.GetBlobClient(Assert.Single(await Store.NamesAsync("anchors/")));
        if (content is null)
        {
            await anchor.DeleteAsync();
        }
        else
        {
            await anchor.UploadAsync(new BinaryData(content), overwrite: true);
        }

        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.Log.ReadAnchorAsync(Records.TrustDomain, LogAnchor.Denials, None));
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.Log.RaiseAnchorAsync(Records.TrustDomain, LogAnchor.Denials, 8, None));
    }

    [SkippableFact]
    public async Task A_summary_that_cannot_be_used_costs_a_read_and_nothing_else()
    {
        var log = Store.New(options: new BlobIssuanceLogOptions { SegmentBytes = 2000 });
        for (var number = 0; number < 40; number++)
        {
            await log.AppendAsync(Records.Leaf(number), None);
        }

        await BlobLogFixture.UntilAsync(async () => (await Store.NamesAsync("index/")).Count >= 2);
        foreach (var name in await Store.NamesAsync("index/"))
        {
            await Store.Container.GetBlobClient(name).UploadAsync(new BinaryData(new byte[100]), overwrite: true);
        }

        var other = Store.New();
        Assert.Equal(40, (await other.ListAsync(Records.TrustDomain, null, 100, None)).Count);
        Assert.Equal(40, Assert.Single(await other.CountLiveAsync(Records.TrustDomain, Records.Start, None)).Value);
        Assert.NotNull(await other.FindBySerialAsync(Records.TrustDomain, Records.Serial(0), null, None));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }

    // Where each frame ends, the header's first.
    private static List<int> FrameEnds(byte[] bytes)
    {
        var ends = new List<int>();
        for (var at = 0; at < bytes.Length;)
        {
            at += LogFrames.Overhead + BitConverter.ToInt32(bytes, at + 1);
            ends.Add(at);
        }

        return ends;
    }
}
