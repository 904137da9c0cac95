using MeshGrains.Grains;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Storage.Tests;

public sealed class BlobDenialStoreTests : DenialStoreTests, IDisposable
{
    private const string Blob = "denials/mesh.local";

    private static readonly CancellationToken None = CancellationToken.None;

    private readonly BlobFixture _blobs = new();

    private protected override IDenialStore Store => _blobs.Get<IDenialStore>();

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
    public async Task A_set_that_was_tampered_with_is_refused_in_a_fresh_process_too(Tampering how)
    {
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(1, "spiffe://mesh.local/a"), None);
        await _blobs.TamperAsync(Blob, how);

        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.ReadAsync(Records.TrustDomain, None));
        _blobs.Restart();
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.ReadAsync(Records.TrustDomain, None));
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.WriteAsync(Records.TrustDomain, Records.Denials(2), None));
    }

    [SkippableFact]
    public async Task A_set_that_was_put_back_or_removed_is_refused()
    {
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(1), None);
        var kept = await _blobs.BytesAsync(Blob);
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(2, "spiffe://mesh.local/a"), None);
        await _blobs.PutAsync(Blob, kept);
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.ReadAsync(Records.TrustDomain, None));

        await _blobs.DeleteAsync(Blob);
        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.ReadAsync(Records.TrustDomain, None));
    }

    [SkippableFact]
    public async Task A_set_of_another_trust_domain_is_refused()
    {
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(1, "spiffe://mesh.local/a"), None);
        await Store.WriteAsync("other.example", Records.Denials(1), None);
        await _blobs.PutAsync(Blob, await _blobs.BytesAsync("denials/other.example"));

        await Assert.ThrowsAsync<RecordTamperedException>(async () => await Store.ReadAsync(Records.TrustDomain, None));
    }

    [SkippableFact]
    public async Task A_set_is_written_in_two_requests_and_read_in_one()
    {
        await Store.ReadAsync(Records.TrustDomain, None);
        var before = _blobs.Requests.Count;
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(1), None);
        Assert.Equal(2, _blobs.Requests.Count - before);
        await _blobs.NewProcess().GetRequiredService<IDenialStore>().ReadAsync("other.example", None);
        before = _blobs.Requests.Count;
        await Store.ReadAsync(Records.TrustDomain, None);
        Assert.Equal(1, _blobs.Requests.Count - before);
    }

    [SkippableFact]
    public async Task A_set_that_has_not_changed_is_the_one_read_before_and_another_processs_is_seen_at_once()
    {
        await Store.WriteAsync(Records.TrustDomain, Records.Denials(1, "spiffe://mesh.local/a"), None);
        var first = await Store.ReadAsync(Records.TrustDomain, None);
        Assert.Same(first, await Store.ReadAsync(Records.TrustDomain, None));

        await _blobs.NewProcess().GetRequiredService<IDenialStore>().WriteAsync(Records.TrustDomain, Records.Denials(2, "spiffe://mesh.local/b"), None);
        Assert.Equal("spiffe://mesh.local/b", Assert.Single((await Store.ReadAsync(Records.TrustDomain, None)).Denials).Subject);

        // The same bytes put anew are looked at anew, and an older set under a new ETag is refused.
        await _blobs.PutAsync(Blob, await _blobs.BytesAsync(Blob));
        Assert.Equal(2, (await Store.ReadAsync(Records.TrustDomain, None)).Number);
    }
}
