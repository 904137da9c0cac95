using Azure;
using Azure.Storage.Blobs.Models;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>The wrapped record key: one blob of JSON without a tag, since the tags' key is what it holds.</summary>
internal sealed class BlobRecordKeyStore(BlobRecords records) : IRecordKeyStore
{
    private const string Blob = "keys/record-key";

    public async ValueTask<WrappedRecordKey?> ReadAsync(CancellationToken cancellationToken)
        => (await FindAsync(cancellationToken).ConfigureAwait(false))?.Key;

    public async ValueTask<bool> TryWriteAsync(WrappedRecordKey? expected, WrappedRecordKey next, CancellationToken cancellationToken)
    {
        var stored = await FindAsync(cancellationToken).ConfigureAwait(false);
        if (stored?.Key != expected)
        {
            return false;
        }

        var conditions = stored is { } found ? new BlobRequestConditions { IfMatch = found.ETag } : new BlobRequestConditions { IfNoneMatch = ETag.All };
        var content = StoredJson.Write(next, BlobJsonContext.Default.WrappedRecordKey);
        return await records.UploadAsync(Blob, content, conditions, cancellationToken).ConfigureAwait(false) is not null;
    }

    private async ValueTask<(WrappedRecordKey Key, ETag ETag)?> FindAsync(CancellationToken cancellationToken)
        => await records.DownloadBytesAsync(Blob, Blob, cancellationToken).ConfigureAwait(false) is { } found
            ? (StoredJson.Read(Blob, found.Bytes.ToMemory().Span, BlobJsonContext.Default.WrappedRecordKey), found.ETag)
            : null;
}
