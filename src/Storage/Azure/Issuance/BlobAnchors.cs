using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Azure;
using Azure.Storage.Blobs.Models;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Numbers that only grow, a blob of decimal digits each, raised by compare-and-swap on the ETag. One that is below what this process has seen there
/// was put back, and is refused.
/// </summary>
internal sealed class BlobAnchors(LogBlobs blobs)
{
    /// <summary>The highest bundle number that was published or that any record carries.</summary>
    public const string BundleNumber = "bundle-number";

    private const int Tries = 64;

    // What is known to be there at least.
    private readonly ConcurrentDictionary<string, long> _known = new(StringComparer.Ordinal);

    public static string Name(LogAnchor anchor) => anchor switch
    {
        LogAnchor.Denials => "denials",
        LogAnchor.Bundle => BundleNumber,
        _ => throw new ArgumentOutOfRangeException(nameof(anchor), anchor, "There is no such anchor."),
    };

    public async Task<long> ReadAsync(string trustDomain, string name, CancellationToken cancellationToken)
        => (await LoadAsync(Path(trustDomain, name), cancellationToken).ConfigureAwait(false)).Value;

    public async ValueTask RaiseAsync(string trustDomain, string name, long value, CancellationToken cancellationToken)
    {
        var path = Path(trustDomain, name);
        if (value <= _known.GetValueOrDefault(path))
        {
            return;
        }

        var client = await blobs.SmallAsync(path, cancellationToken).ConfigureAwait(false);
        for (var tried = 0; tried < Tries; tried++)
        {
            var (there, tag) = await LoadAsync(path, cancellationToken).ConfigureAwait(false);
            if (there >= value)
            {
                return;
            }

            try
            {
                using var content = new MemoryStream(Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)));
                var conditions = tag is { } seen ? new BlobRequestConditions { IfMatch = seen } : new BlobRequestConditions { IfNoneMatch = ETag.All };
                await client.UploadAsync(content, new BlobUploadOptions { Conditions = conditions }, cancellationToken).ConfigureAwait(false);
            }
            catch (RequestFailedException failure) when (failure.Status is 409 or 412)
            {
                // Another was first, or an earlier try of this very write.
            }
        }

        throw new IssuanceLogUnavailableException($"The anchor {path} was changed by others again and again; try again.");
    }

    private static string Path(string trustDomain, string name)
    {
        LogSegment.RequireName(trustDomain, "trust domain");
        return $"anchors/{trustDomain}/{name}";
    }

    private async Task<(long Value, ETag? Tag)> LoadAsync(string path, CancellationToken cancellationToken)
    {
        // Before the request: what others raise meanwhile may come in an older answer.
        var seen = _known.GetValueOrDefault(path);
        var client = await blobs.SmallAsync(path, cancellationToken).ConfigureAwait(false);
        var (there, tag) = (0L, (ETag?)null);
        try
        {
            var content = await client.DownloadContentAsync(cancellationToken).ConfigureAwait(false);
            (there, tag) = long.TryParse(content.Value.Content.ToMemory().Span, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                ? (value, content.Value.Details.ETag)
                : throw LogTail.Broken(path, "the anchor is no number.");
        }
        catch (RequestFailedException failure) when (BlobFailures.IsNotFound(failure))
        {
            // Not raised yet.
        }

        if (there < seen)
        {
            throw LogTail.Broken(path, $"the anchor is {there} and was {seen}.");
        }

        _known.AddOrUpdate(path, there, (_, known) => Math.Max(known, there));
        return (there, tag);
    }
}
