using Azure;
using Azure.Storage.Blobs.Models;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Segments and summaries through a cache of bounded size. A closed segment is read once; of an open one only what was appended since. Few
/// are read from their beginnings at a time.
/// </summary>
internal sealed class SegmentReader(LogBlobs blobs, SegmentSerials serials, long segmentBytes, long summaryBytes)
{
    private const int WholeReads = 4;
    private const long SummaryBytesARecord = 4;
    private const long SummaryBytes = 1024;

    private readonly ByteBoundedCache<Slot> _segments = new(segmentBytes);
    private readonly ByteBoundedCache<SegmentSummary> _summaries = new(summaryBytes);
    
    private SemaphoreSlim Whole { get; } = new(WholeReads);

    /// <summary>True when the summaries of these segments stay in memory once they were read.</summary>
    public bool CanKeepSummaries(SegmentTable table) => (table.Records * SummaryBytesARecord) + (table.Count * SummaryBytes) <= summaryBytes / 2;

    /// <summary>
    /// Asks what is in memory of a segment, without a request; null when nothing is, or another is at it. Nothing is missed where
    /// <c>IsWhole</c> is true.
    /// </summary>
    public (T? Answer, bool IsWhole)? AskMemory<T>(LogSegment segment, Func<ParsedSegment, T?> ask)
    {
        if (!_segments.TryGet(segment.Name, out var slot))
        {
            return null;
        }

        if (slot.IsWhole)
        {
            return (ask(slot.Parsed), true);
        }

        if (!slot.Gate.Wait(0))
        {
            return null;
        }

        try
        {
            return slot.Parsed.Length == 0 ? null : (ask(slot.Parsed), slot.Parsed.End is not null);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>A segment that was closed, by its summary's metadata: its range, and whether it is its shard's last; null when it has no summary.</summary>
    public async ValueTask<(SegmentRange Range, bool IsSealed)?> ClosedAsync(LogSegment segment, CancellationToken cancellationToken)
        => await blobs.MetadataAsync(segment.SummaryName, cancellationToken).ConfigureAwait(false) is { } metadata && SegmentSummary.Range(metadata) is { } range
            ? (range, SegmentSummary.IsSealed(metadata))
            : null;

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
        if (slot.IsWhole)
        {
            return (ask(slot.Parsed), true);
        }

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

            var begins = parsed.Length == 0;
            if (begins)
            {
                await Whole.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            try
            {
                if (!await ReadOnAsync(parsed, cancellationToken).ConfigureAwait(false))
                {
                    return (default, false);
                }

                slot.IsWhole = parsed.End is not null;
                return (ask(parsed), true);
            }
            finally
            {
                if (begins)
                {
                    Whole.Release();
                }
            }
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

    /// <summary>Drops a segment from memory.</summary>
    public void Forget(LogSegment segment) => _segments.Remove(segment.Name);

    /// <summary>
    /// Writes the serials and then the summary of a closed segment, so that who sees the summary finds both. A failure costs later readers a
    /// longer read and nothing else.
    /// </summary>
    public async Task WriteSummaryAsync(LogSegment segment, CancellationToken cancellationToken)
    {
        try
        {
            var (made, _) = await AskAsync(
                segment, parsed => parsed.End is { } end ? new Made(SegmentSummary.Encode(parsed), serials.Encode(parsed), parsed.Range, end == LogFrameKind.Seal) : null,
                fresh: false, cancellationToken).ConfigureAwait(false);
            if (made is not null)
            {
                await serials.WriteAsync(segment, made.Serials, cancellationToken).ConfigureAwait(false);
                var client = await blobs.SmallAsync(segment.SummaryName, cancellationToken).ConfigureAwait(false);
                using var content = new MemoryStream(made.Summary, writable: false);
                await client.UploadAsync(content, new BlobUploadOptions { Metadata = SegmentSummary.Metadata(made.Range, made.IsSealed) }, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is RequestFailedException or IOException or AggregateException or OperationCanceledException or RecordTamperedException)
        {
            // Made at the next occasion.
        }
    }

    private async ValueTask<bool> ReadOnAsync(ParsedSegment parsed, CancellationToken cancellationToken)
    {
        var name = parsed.Segment.Name;
        if (await blobs.ReadAsync(name, parsed.Length, cancellationToken).ConfigureAwait(false) is not { } more)
        {
            _segments.Remove(name);
            return parsed.Length == 0 ? false : throw LogTail.Broken(name, "the segment was there and is gone.");
        }

        try
        {
            parsed.Extend(more);
        }
        catch
        {
            _segments.Remove(name);
            throw;
        }

        _segments.SetCost(name, parsed.Cost);
        return true;
    }

    private sealed class Slot(ParsedSegment parsed)
    {
        private volatile bool _isWhole;

        public SemaphoreSlim Gate { get; } = new(1);

        /// <summary>It changes no more: any number may ask it at once.</summary>
        public bool IsWhole
        {
            get => _isWhole;
            set => _isWhole = value;
        }

        public ParsedSegment Parsed => parsed;
    }

    private sealed record Made(byte[] Summary, byte[]? Serials, SegmentRange Range, bool IsSealed);
}
