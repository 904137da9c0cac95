using System.Globalization;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// The bundle in a blob. Whose it is and which number it holds stand in its metadata; each write is conditional on what was seen, so that of silos that
/// write at once one is first and the others look again.
/// </summary>
public sealed class BlobBundleTarget : IBundleTarget
{
    public const string OwnerKey = "meshgrains_trust_domain";
    public const string NumberKey = "meshgrains_bundle_number";

    private const int MaxTries = 5;

    private readonly BlobClient _blob;
    private readonly BlobContainerClient _container;
    private readonly BundleFormat _format;

    /// <param name="name">The output's configured name.</param>
    /// <param name="options">Blob service, container and credential of the output; its log's are not used.</param>
    /// <param name="blob">The blob's name.</param>
    /// <param name="format">How the bundle is written.</param>
    /// <param name="declaredLag">How long readers may take.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the key file cannot be read or holds no key.</exception>
    public BlobBundleTarget(string name, AzureStorageOptions options, string blob, BundleFormat format, TimeSpan declaredLag)
    {
        (Name, _format, DeclaredLag) = (name, format, declaredLag);
        _container = new BlobAccess(options).StateClient;
        _blob = _container.GetBlobClient(blob);
    }

    public string Name { get; }

    public TimeSpan DeclaredLag { get; }

    public async Task<long> PublishAsync(PublishedBundle bundle, CancellationToken cancellationToken)
    {
        try
        {
            for (var i = 0; i < MaxTries; i++)
            {
                var there = await ReadAsync(cancellationToken).ConfigureAwait(false);
                if (there is not null && Lying(there.Details, bundle.TrustDomain) is { } lies
                    && (lies > bundle.Number || (lies == bundle.Number && there.Content.ToMemory().Span.SequenceEqual(bundle.In(_format).Span))))
                {
                    return lies;
                }

                if (await WriteAsync(bundle, there?.Details.ETag, cancellationToken).ConfigureAwait(false))
                {
                    return bundle.Number;
                }
            }
        }
        catch (Exception failure) when (failure is not PublishingException && BlobFailures.Explain(failure, _container, cancellationToken) is { } explained)
        {
            throw new PublishingException(explained.Message, failure);
        }

        throw new PublishingException($"The blob {_blob.Uri} was changed by others {MaxTries} times while it was written. It is tried again; look at who else writes to it.");
    }

    private async Task<BlobDownloadResult?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _blob.DownloadContentAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException missing) when (BlobFailures.IsNotFound(missing))
        {
            return null;
        }
    }

    /// <summary>False when another was first.</summary>
    private async Task<bool> WriteAsync(PublishedBundle bundle, ETag? seen, CancellationToken cancellationToken)
    {
        var options = new BlobUploadOptions
        {
            HttpHeaders = new BlobHttpHeaders
            {
                ContentType = _format == BundleFormat.Spiffe ? "application/json" : "application/x-pem-file",
                CacheControl = "no-cache",
            },
            Metadata = new Dictionary<string, string>
            {
                [OwnerKey] = bundle.TrustDomain,
                [NumberKey] = bundle.Number.ToString(CultureInfo.InvariantCulture),
            },
            Conditions = seen is { } tag ? new BlobRequestConditions { IfMatch = tag } : new BlobRequestConditions { IfNoneMatch = ETag.All },
        };
        try
        {
            await _blob.UploadAsync(BinaryData.FromBytes(bundle.In(_format)), options, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (RequestFailedException lost) when (BlobFailures.IsConflict(lost))
        {
            return false;
        }
    }

    /// <summary>The number that lies there; null when it tells none that can be read.</summary>
    /// <exception cref="PublishingException">It is not ours.</exception>
    private long? Lying(BlobDownloadDetails there, string trustDomain)
    {
        var owner = there.Metadata.FirstOrDefault(pair => string.Equals(pair.Key, OwnerKey, StringComparison.OrdinalIgnoreCase)).Value;
        if (owner != trustDomain)
        {
            throw new PublishingException(owner is null
                ? $"The blob {_blob.Uri} is there and not made by MeshGrains, so it is not touched. Delete it, or name another."
                : $"The blob {_blob.Uri} holds the bundle of another trust domain, and an output carries one. Name another blob.");
        }

        var number = there.Metadata.FirstOrDefault(pair => string.Equals(pair.Key, NumberKey, StringComparison.OrdinalIgnoreCase)).Value;
        return long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var lies) ? lies : null;
    }
}
