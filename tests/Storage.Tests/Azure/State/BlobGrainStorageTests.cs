using System.Globalization;
using System.Text;
using MeshGrains.Grains;
using Orleans.Runtime;
using Orleans.Storage;

namespace MeshGrains.Storage.Tests;

public sealed class BlobGrainStorageTests : GrainStorageTests, IDisposable
{
    private const string Blob = "state-test/mesh.local.json";

    private readonly BlobFixture _blobs = new();
    private IGrainStorage? _other;

    private protected override IGrainStorage Storage => BlobFixture.StorageOf(_blobs.Process);

    public void Dispose() => _blobs.Dispose();

    [SkippableTheory]
    [InlineData(Tampering.Edited)]
    [InlineData(Tampering.Renumbered)]
    [InlineData(Tampering.Untagged)]
    [InlineData(Tampering.Retagged)]
    [InlineData(Tampering.Ended)]
    [InlineData(Tampering.Truncated)]
    [InlineData(Tampering.CutContent)]
    [InlineData(Tampering.Emptied)]
    [InlineData(Tampering.Garbage)]
    public async Task A_record_that_was_tampered_with_is_refused_in_a_fresh_process_too(Tampering how)
    {
        var state = await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        await _blobs.TamperAsync(Blob, how);

        await Assert.ThrowsAsync<RecordTamperedException>(ReadAsync<Trusted>);
        await Assert.ThrowsAsync<InconsistentStateException>(() => WriteAsync(state, new Trusted("two")));
        _blobs.Restart();
        await Assert.ThrowsAsync<RecordTamperedException>(ReadAsync<Trusted>);
    }

    [SkippableFact]
    public async Task Swapped_records_are_refused()
    {
        await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        await Storage.WriteStateAsync("state", GrainId.Create("test", "other"), new Cell<Trusted> { State = new Trusted("two") });
        await Storage.WriteStateAsync("another", Grain, new Cell<Trusted> { State = new Trusted("three") });
        foreach (var other in new[] { "state-test/other.json", "another-test/mesh.local.json" })
        {
            await _blobs.PutAsync(Blob, await _blobs.BytesAsync(other));
            _blobs.Restart();
            await Assert.ThrowsAsync<RecordTamperedException>(ReadAsync<Trusted>);
        }
    }

    [SkippableFact]
    public async Task A_record_that_was_put_back_or_removed_is_refused()
    {
        var state = await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        var kept = await _blobs.BytesAsync(Blob);
        await WriteAsync(state, new Trusted("two"));
        await _blobs.PutAsync(Blob, kept);
        await Assert.ThrowsAsync<RecordTamperedException>(ReadAsync<Trusted>);

        await _blobs.DeleteAsync(Blob);
        await Assert.ThrowsAsync<RecordTamperedException>(ReadAsync<Trusted>);
    }

    [SkippableFact]
    public async Task A_cleared_record_that_was_put_back_is_refused()
    {
        var state = await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        var kept = await _blobs.BytesAsync(Blob);
        await Storage.ClearStateAsync("state", Grain, state);
        await _blobs.PutAsync(Blob, kept);

        await Assert.ThrowsAsync<RecordTamperedException>(ReadAsync<Trusted>);
    }

    [SkippableFact]
    public async Task A_missing_container_is_a_failure_and_no_empty_state()
    {
        Assert.False((await ReadAsync<Trusted>()).RecordExists);
        await _blobs.State.DeleteAsync();

        var failure = await Assert.ThrowsAsync<BlobStoreException>(ReadAsync<Trusted>);
        Assert.Contains("is gone", failure.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task The_stored_bytes_never_change()
    {
        await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        var bytes = await _blobs.BytesAsync(Blob);
        Assert.Equal(
            "4D474231" + "03" + "0000000000000001" + "6A022287B0E30969D330031978189DE04971FBAE2F2007D4AE12ECB842321828",
            Convert.ToHexString(bytes.AsSpan(0, 45)));
        Assert.Equal("""{"Value":"one"}""", Encoding.UTF8.GetString(bytes.AsSpan(45)));

        await Storage.WriteStateAsync("plain", Grain, new Cell<Plain> { State = new Plain(3) });
        Assert.Equal(
            "4D474231" + "01" + "0000000000000001" + "7B224E756D626572223A337D",
            Convert.ToHexString(await _blobs.BytesAsync("plain-test/mesh.local.json")));
    }

    [SkippableFact]
    public async Task Keys_that_are_spiffe_ids_are_apart_and_those_too_long_are_refused()
    {
        string[] keys = ["spiffe://mesh.local/ns/shop", "spiffe://mesh.local/ns/shop/", "spiffe:/mesh.local/ns/shop", "a%2Fb", "a%2E%2E/b", "a b?c#d", "b"];
        foreach (var key in keys)
        {
            await Storage.WriteStateAsync("state", GrainId.Create("test", key), new Cell<Trusted> { State = new Trusted(key) });
        }

        foreach (var key in keys)
        {
            var read = new Cell<Trusted>();
            await Storage.ReadStateAsync("state", GrainId.Create("test", key), read);
            Assert.Equal(key, read.State!.Value);
        }

        foreach (var key in new[] { new string('k', 1100), new string('/', 300), "a/../b", "./b", "a/.." })
        {
            var refused = await Assert.ThrowsAsync<ArgumentException>(
                () => Storage.ReadStateAsync("state", GrainId.Create("test", key), new Cell<Trusted>()));
            Assert.Contains("blob name", refused.Message, StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public async Task A_state_is_read_and_written_in_one_request_each()
    {
        await ReadAsync<Trusted>();
        var state = await WriteAsync(new Cell<Trusted>(), new Trusted("one"));
        var before = _blobs.Requests.Count;
        await WriteAsync(state, new Trusted("two"));
        Assert.Equal(1, _blobs.Requests.Count - before);
        await ReadAsync<Trusted>();
        Assert.Equal(2, _blobs.Requests.Count - before);
    }

    private protected override IGrainStorage AnotherProcess() => _other ??= BlobFixture.StorageOf(_blobs.NewProcess());

    private protected override IGrainStorage WithoutKey() => BlobFixture.StorageOf(_blobs.NewProcess(hasKey: false));

    private protected override long VersionOf(string? etag) => long.Parse(etag!.Split('/')[0], CultureInfo.InvariantCulture);
}
