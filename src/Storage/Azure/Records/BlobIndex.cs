using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace MeshGrains.Storage;

/// <summary>
/// Blobs that find records by name and metadata, empty but for those that lead to many. They carry no trust: what they lead to is verified, and what
/// they leave out is not found.
/// </summary>
internal sealed class BlobIndex(BlobAccess access)
{
    private const int MaxPage = 5000;

    /// <returns>The new ETag; null when the condition did not hold.</returns>
    public ValueTask<ETag?> PutAsync(
        string blob, IDictionary<string, string>? metadata, BlobRequestConditions? conditions, CancellationToken cancellationToken, byte[]? content = null)
        => RunAsync<ETag?>(
            async container =>
            {
                try
                {
                    var answer = await container.GetBlobClient(blob).UploadAsync(
                        BinaryData.FromBytes(content ?? []), new BlobUploadOptions { Metadata = metadata, Conditions = conditions }, cancellationToken).ConfigureAwait(false);
                    return answer.Value.ETag;
                }
                catch (RequestFailedException failure) when (BlobFailures.IsConflict(failure))
                {
                    return null;
                }
            },
            cancellationToken);

    /// <returns>Null when there is none.</returns>
    public ValueTask<IndexBlob?> FindAsync(string blob, CancellationToken cancellationToken)
        => RunAsync(
            async container =>
            {
                try
                {
                    var found = (await container.GetBlobClient(blob).GetPropertiesAsync(cancellationToken: cancellationToken).ConfigureAwait(false)).Value;
                    return new IndexBlob(blob, found.ETag, found.LastModified, found.Metadata);
                }
                catch (RequestFailedException failure) when (BlobFailures.IsNotFound(failure))
                {
                    return null;
                }
            },
            cancellationToken);

    /// <summary>What a blob that leads to many holds; null when there is none.</summary>
    public ValueTask<byte[]?> ReadAsync(string blob, CancellationToken cancellationToken)
        => RunAsync(
            async container =>
            {
                try
                {
                    return (await container.GetBlobClient(blob).DownloadContentAsync(cancellationToken).ConfigureAwait(false)).Value.Content.ToArray();
                }
                catch (RequestFailedException failure) when (BlobFailures.IsNotFound(failure))
                {
                    return null;
                }
            },
            cancellationToken);

    /// <summary>Removes the blob as it was seen; one that was written since stays.</summary>
    public ValueTask<bool> RemoveAsync(string blob, ETag seen, CancellationToken cancellationToken)
        => RunAsync(
            async container =>
            {
                try
                {
                    var conditions = new BlobRequestConditions { IfMatch = seen };
                    return await container.GetBlobClient(blob).DeleteIfExistsAsync(conditions: conditions, cancellationToken: cancellationToken).ConfigureAwait(false);
                }
                catch (RequestFailedException failure) when (BlobFailures.IsConflict(failure))
                {
                    return false;
                }
            },
            cancellationToken);

    /// <summary>One page of the blobs under a prefix, in the order of their names; a mark to go on from, null at the end.</summary>
    public ValueTask<(IReadOnlyList<IndexBlob> Blobs, string? Next)> ListAsync(
        string prefix, string? from, int pageSize, CancellationToken cancellationToken)
        => RunAsync<(IReadOnlyList<IndexBlob>, string?)>(
            async container =>
            {
                var pages = container.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, prefix, cancellationToken).AsPages(from, Math.Min(pageSize, MaxPage));
                await foreach (var page in pages.ConfigureAwait(false))
                {
                    return ([.. page.Values.Select(ToIndex)], string.IsNullOrEmpty(page.ContinuationToken) ? null : page.ContinuationToken);
                }

                return ([], null);
            },
            cancellationToken);

    /// <summary>What lies right under a prefix that ends in '/': names of blobs, and prefixes, which end in '/' themselves. In order.</summary>
    public ValueTask<IReadOnlyList<string>> ChildrenAsync(string prefix, CancellationToken cancellationToken)
        => RunAsync<IReadOnlyList<string>>(
            async container =>
            {
                var children = new SortedSet<string>(StringComparer.Ordinal);
                var items = container.GetBlobsByHierarchyAsync(BlobTraits.None, BlobStates.None, "/", prefix, cancellationToken);
                await foreach (var item in items.ConfigureAwait(false))
                {
                    children.Add(item.IsPrefix ? item.Prefix : item.Blob.Name);
                }

                return [.. children];
            },
            cancellationToken);

    private static IndexBlob ToIndex(BlobItem item) => new(
        item.Name, item.Properties.ETag ?? default, item.Properties.LastModified ?? default, item.Metadata ?? new Dictionary<string, string>());

    private async ValueTask<T> RunAsync<T>(Func<BlobContainerClient, Task<T>> run, CancellationToken cancellationToken)
    {
        var container = await access.StateAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await run(container).ConfigureAwait(false);
        }
        catch (Exception failure) when (BlobFailures.Explain(failure, container, cancellationToken) is { } explained)
        {
            throw explained;
        }
    }
}
