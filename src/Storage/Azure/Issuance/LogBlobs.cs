using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>What the log asks of its container, one request a call. Leases are infinite: whoever needs the blob breaks them.</summary>
internal sealed class LogBlobs(Func<CancellationToken, ValueTask<BlobContainerClient>> open, IRandomSource random)
{
    private volatile BlobContainerClient? _container;

    public string NewLease()
    {
        Span<byte> bytes = stackalloc byte[16];
        random.Fill(bytes);
        return new Guid(bytes).ToString();
    }

    /// <summary>Makes an empty append blob; false when there is one already, perhaps made by an earlier try.</summary>
    public async Task<bool> TryCreateAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var options = new AppendBlobCreateOptions { Conditions = new AppendBlobRequestConditions { IfNoneMatch = ETag.All } };
            await (await BlobAsync(name, cancellationToken).ConfigureAwait(false)).CreateAsync(options, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (RequestFailedException failure) when (failure.Status is 409 or 412)
        {
            return false;
        }
    }

    /// <summary>Appends where the blob has exactly this length and this lease holds.</summary>
    public async Task AppendAsync(string name, byte[] block, long position, string lease, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(block, writable: false);
        var options = new AppendBlobAppendBlockOptions
        {
            Conditions = new AppendBlobRequestConditions { IfAppendPositionEqual = position, LeaseId = lease },
        };
        await (await BlobAsync(name, cancellationToken).ConfigureAwait(false)).AppendBlockAsync(content, options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The bytes from <paramref name="offset"/> on; empty when there are none, null when there is no such blob.</summary>
    public Task<byte[]?> ReadAsync(string name, long offset, CancellationToken cancellationToken) => ReadAsync(name, offset, null, cancellationToken);

    /// <summary>At most <paramref name="length"/> bytes from <paramref name="offset"/> on; empty when there are none, null when there is no such blob.</summary>
    public async Task<byte[]?> ReadAsync(string name, long offset, int? length, CancellationToken cancellationToken)
    {
        try
        {
            var options = new BlobDownloadOptions { Range = new HttpRange(offset, length) };
            var content = await (await BlobAsync(name, cancellationToken).ConfigureAwait(false)).DownloadContentAsync(options, cancellationToken).ConfigureAwait(false);
            return content.Value.Content.ToArray();
        }
        catch (RequestFailedException failure) when (failure.Status == 416)
        {
            return [];
        }
        catch (RequestFailedException failure) when (BlobFailures.IsNotFound(failure))
        {
            return null;
        }
        catch (InvalidDataException tooLarge)
        {
            throw LogTail.Broken(name, tooLarge.Message);
        }
    }

    /// <summary>Takes the lease; with <paramref name="force"/> from whoever holds it.</summary>
    /// <returns>False when another holds it, or took it in between.</returns>
    public async Task<bool> TryLeaseAsync(string name, string lease, bool force, CancellationToken cancellationToken)
    {
        var client = (await BlobAsync(name, cancellationToken).ConfigureAwait(false)).GetBlobLeaseClient(lease);
        for (var breaks = 0; ; breaks++)
        {
            try
            {
                await client.AcquireAsync(BlobLeaseClient.InfiniteLeaseDuration, cancellationToken: cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (RequestFailedException failure) when (failure.Status is 409 or 412)
            {
                if (!force || breaks == 2)
                {
                    return false;
                }
            }

            try
            {
                await client.BreakAsync(TimeSpan.Zero, cancellationToken: cancellationToken).ConfigureAwait(false);
            }
            catch (RequestFailedException failure) when (failure.Status is 409 or 412)
            {
                // Released or broken meanwhile.
            }
        }
    }

    /// <summary>Gives a closed segment's lease back, so that an operator's lifecycle rule can expire it. Nothing depends on it.</summary>
    public async Task ReleaseAsync(string name, string lease, CancellationToken cancellationToken)
    {
        try
        {
            await (await BlobAsync(name, cancellationToken).ConfigureAwait(false)).GetBlobLeaseClient(lease)
                .ReleaseAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is RequestFailedException or AggregateException or IOException or HttpRequestException)
        {
            // Broken by another, who holds it now; or it stays, which the next who needs the blob breaks.
        }
    }

    public async IAsyncEnumerable<BlobItem> ListAsync(string prefix, bool metadata, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var container = await OpenAsync(cancellationToken).ConfigureAwait(false);
        var items = container.GetBlobsAsync(metadata ? BlobTraits.Metadata : BlobTraits.None, BlobStates.None, prefix, cancellationToken);
        await foreach (var item in items.ConfigureAwait(false))
        {
            yield return item;
        }
    }

    /// <summary>The metadata of a blob; null when there is no such blob.</summary>
    public async Task<IDictionary<string, string>?> MetadataAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var client = await SmallAsync(name, cancellationToken).ConfigureAwait(false);
            return (await client.GetPropertiesAsync(cancellationToken: cancellationToken).ConfigureAwait(false)).Value.Metadata;
        }
        catch (RequestFailedException failure) when (BlobFailures.IsNotFound(failure))
        {
            return null;
        }
    }

    public async Task<BlockBlobClient> SmallAsync(string name, CancellationToken cancellationToken)
        => (await OpenAsync(cancellationToken).ConfigureAwait(false)).GetBlockBlobClient(name);

    /// <summary>What the store's failure means, in words.</summary>
    public Exception Explain(Exception failure, CancellationToken cancellationToken)
        => _container is { } container ? BlobFailures.Explain(failure, container, cancellationToken) ?? failure : failure;

    private async ValueTask<BlobContainerClient> OpenAsync(CancellationToken cancellationToken)
        => _container ??= await open(cancellationToken).ConfigureAwait(false);

    private async ValueTask<AppendBlobClient> BlobAsync(string name, CancellationToken cancellationToken)
        => (await OpenAsync(cancellationToken).ConfigureAwait(false)).GetAppendBlobClient(name);
}
