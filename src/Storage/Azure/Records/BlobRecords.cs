using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Authenticated records in the container of state, one blob each, written by compare-and-swap on the ETag.
/// </summary>
internal sealed class BlobRecords(BlobAccess access, RecordSeal seal)
{
    private readonly SeenRecords _seen = new();

    /// <summary>Whether this process has read or written the record.</summary>
    public bool HasSeen(string key) => _seen.Contains(key);

    /// <summary>The verified record; null when it never was.</summary>
    /// <exception cref="RecordTamperedException">It is not what this product wrote last, or was there and is gone.</exception>
    /// <exception cref="BlobStoreException">The store failed.</exception>
    public async ValueTask<BlobRecord?> ReadAsync(string blob, string key, CancellationToken cancellationToken)
    {
        BlobRecord? refused = null;
        while (true)
        {
            var stored = await DownloadAsync(blob, key, cancellationToken).ConfigureAwait(false);
            if (stored is null)
            {
                return _seen.Contains(key)
                    ? throw new RecordTamperedException(key, "the record was there and is gone; nothing in this product removes it.")
                    : null;
            }

            try
            {
                seal.Verify(stored.Record);
                _seen.Add(key);
                return stored;
            }
            catch (RecordTamperedException) when (refused is null || stored.Version > refused.Version)
            {
                // A slow reader comes to an old record after a faster one verified its successor: the one has moved on, one put back stands still.
                refused = stored;
            }
        }
    }

    /// <summary>Whether the very blob of that ETag still lies there: an ETag is the store's own, and no content comes twice under one.</summary>
    /// <exception cref="BlobStoreException">The store failed.</exception>
    public async ValueTask<bool> IsStillAsync(string blob, ETag etag, CancellationToken cancellationToken)
    {
        var container = await access.StateAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return (await container.GetBlobClient(blob).GetPropertiesAsync(cancellationToken: cancellationToken).ConfigureAwait(false)).Value.ETag == etag;
        }
        catch (RequestFailedException failure) when (failure.Status == 404)
        {
            return false;
        }
        catch (Exception failure) when (BlobFailures.Explain(failure, container, cancellationToken) is { } explained)
        {
            throw explained;
        }
    }

    /// <summary>Writes the version after <paramref name="before"/>, or <paramref name="version"/> where there is none before.</summary>
    /// <returns>Null when another writer was first, or an earlier try of this write whose reply was lost: read again.</returns>
    /// <exception cref="BlobStoreException">The store failed; whether the write took place is not known.</exception>
    public async ValueTask<BlobRecord?> TryWriteAsync(
        string blob, string key, BlobRecord? before, long version, byte[]? content, CancellationToken cancellationToken)
    {
        var record = new StoredRecord(key, version, content, seal.Tag(key, version, content));
        var etag = await UploadAsync(
            blob, BlobFrame.Write(record),
            before is null ? new BlobRequestConditions { IfNoneMatch = ETag.All } : new BlobRequestConditions { IfMatch = before.ETag },
            cancellationToken).ConfigureAwait(false);
        if (etag is null)
        {
            return null;
        }

        seal.Remember(record);
        _seen.Add(key);
        return new BlobRecord(record, etag.Value);
    }

    /// <summary>Verifies a record that never changes.</summary>
    /// <exception cref="RecordTamperedException">It is not what this product wrote.</exception>
    public void Verify(BlobRecord record) => seal.Verify(record.Record);

    /// <summary>Removes a record whose absence bears no trust.</summary>
    public async ValueTask<bool> RemoveAsync(string blob, CancellationToken cancellationToken)
    {
        var container = await access.StateAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await container.GetBlobClient(blob).DeleteIfExistsAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (BlobFailures.Explain(failure, container, cancellationToken) is { } explained)
        {
            throw explained;
        }
    }

    /// <summary>What lies there, neither verified nor remembered; null when there is nothing.</summary>
    public async ValueTask<BlobRecord?> DownloadAsync(string blob, string key, CancellationToken cancellationToken)
        => await DownloadBytesAsync(blob, key, cancellationToken).ConfigureAwait(false) is { } found
            ? new BlobRecord(BlobFrame.Read(key, found.Bytes.ToMemory().Span), found.ETag)
            : null;

    public async ValueTask<(BinaryData Bytes, ETag ETag)?> DownloadBytesAsync(string blob, string key, CancellationToken cancellationToken)
    {
        var container = await access.StateAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var answer = await container.GetBlobClient(blob).DownloadContentAsync(cancellationToken).ConfigureAwait(false);
            return (answer.Value.Content, answer.Value.Details.ETag);
        }
        catch (RequestFailedException failure) when (BlobFailures.IsNotFound(failure))
        {
            return null;
        }
        catch (InvalidDataException failure)
        {
            throw new RecordTamperedException(key, failure.Message);
        }
        catch (Exception failure) when (BlobFailures.Explain(failure, container, cancellationToken) is { } explained)
        {
            throw explained;
        }
    }

    /// <returns>The new ETag; null when the condition did not hold.</returns>
    public async ValueTask<ETag?> UploadAsync(string blob, byte[] bytes, BlobRequestConditions conditions, CancellationToken cancellationToken)
    {
        var container = await access.StateAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var answer = await container.GetBlobClient(blob)
                .UploadAsync(new BinaryData(bytes), new BlobUploadOptions { Conditions = conditions }, cancellationToken).ConfigureAwait(false);
            return answer.Value.ETag;
        }
        catch (RequestFailedException failure) when (BlobFailures.IsConflict(failure))
        {
            return null;
        }
        catch (Exception failure) when (BlobFailures.Explain(failure, container, cancellationToken) is { } explained)
        {
            throw explained;
        }
    }
}
