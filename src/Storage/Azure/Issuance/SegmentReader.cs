using Azure;
using Azure.Storage.Blobs.Models;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Segments and summaries through a cache of bounded size. A closed segment is read once; of an open one only what was appended since.
/// </summary>
internal sealed class SegmentReader(LogBlobs blobs, long cacheBytes)
{
    private readonly ByteBoundedCache<Slot> _segments = new(cacheBytes / 4 * 3);
    private readonly ByteBoundedCache<SegmentSummary> _summaries = new(cacheBytes / 4);

    /// <summary>
    /// Asks a segment. <paramref name="ask"/> is run on what is in memory first, and again after reading on when that gave nothing and the
    /// segment may have grown.
    /// </summary>
    /// <returns>The answer, and false when there is no such segment.</returns>
    /// <exception cref="RecordTamperedException">The segment does not fit together.</exception>
    public async ValueTask<(T? Answer, bool Exists)> AskAsync<T>(
        LogSegment segment, Func<ParsedSegment, T?> ask, bool fresh, CancellationToken cancellationToken)
    {
        var slot = _segments.GetOrAdd(segment.Name, () => new Slot(new ParsedSegment(segment)));
        await slot.Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var parsed = slot.Parsed;
            if (parsed.End is not null)
            {
                return (ask(parsed), true);
            }

            if (!fresh && parsed.Length > 0 && ask(parsed) is { } known)
            {
                return (known, true);
            }

            var more = await blobs.ReadAsync(segment.Name, parsed.Length, cancellationToken).ConfigureAwait(false);
            if (more is null)
            {
                _segments.Remove(segment.Name);
                return parsed.Length == 0 ? (default, false) : throw LogTail.Broken(segment.Name, "the segment was there and is gone.");
            }

            try
            {
                parsed.Extend(more);
            }
            catch
            {
                _segments.Remove(segment.Name);
                throw;
            }

            _segments.SetCost(segment.Name, parsed.Cost);
            return (ask(parsed), true);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>The summary of a closed segment; null when there is none that can be used.</summary>
    public async ValueTask<SegmentSummary?> SummaryAsync(LogSegment segment, CancellationToken cancellationToken)
    {
        if (_summaries.TryGet(segment.Name, out var known))
        {
            return known;
        }

        if (await blobs.ReadAsync(segment.SummaryName, 0, cancellationToken).ConfigureAwait(false) is not { } bytes
            || SegmentSummary.Decode(bytes) is not { } summary)
        {
            return null;
        }

        _summaries.GetOrAdd(segment.Name, () => summary);
        _summaries.SetCost(segment.Name, summary.Cost);
        return summary;
    }

    /// <summary>Writes the summary of a closed segment. A failure costs later readers a longer read and nothing else.</summary>
    public async Task WriteSummaryAsync(LogSegment segment, CancellationToken cancellationToken)
    {
        try
        {
            var (made, _) = await AskAsync(
                segment, parsed => parsed.End is null ? null : new Made(SegmentSummary.Encode(parsed), parsed.Range, parsed.End == LogFrameKind.Seal), fresh: false, cancellationToken).ConfigureAwait(false);
            if (made is not null)
            {
                var client = await blobs.SmallAsync(segment.SummaryName, cancellationToken).ConfigureAwait(false);
                using var content = new MemoryStream(made.Bytes, writable: false);
                await client.UploadAsync(content, new BlobUploadOptions { Metadata = SegmentSummary.Metadata(made.Range, made.IsSealed) }, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is RequestFailedException or IOException or AggregateException or OperationCanceledException or RecordTamperedException)
        {
            // Made at the next occasion.
        }
    }

    private sealed class Slot(ParsedSegment parsed)
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public ParsedSegment Parsed => parsed;
    }

    private sealed record Made(byte[] Bytes, SegmentRange Range, bool IsSealed);
}
