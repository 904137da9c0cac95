using System.Text;
using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class BlobRecordKeyStoreTests : RecordKeyStoreTests, IDisposable
{
    private readonly BlobFixture _blobs = new();

    private protected override IRecordKeyStore Store => _blobs.Get<IRecordKeyStore>();

    public void Dispose() => _blobs.Dispose();

    [SkippableFact]
    public async Task The_stored_content_never_changes()
    {
        await Store.TryWriteAsync(null, new WrappedRecordKey("records", "file:records/1", "AAAA"), CancellationToken.None);
        Assert.Equal(
            """{"wrappingKeyName":"records","keyReference":"file:records/1","wrapped":"AAAA"}""",
            Encoding.UTF8.GetString(await _blobs.BytesAsync("keys/record-key")));
    }
}
