using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Looks for a serial in one shard. The closed segments whose certificates begin around the hint's time are asked first, by their serials; then
/// what is open; then all others, so that a hint which is wrong costs time and hides nothing. A segment that many searches come to is read as a
/// whole and serves from memory.
/// </summary>
internal sealed class SerialSearch(SegmentReader segments, SegmentSerials serials, int hotBytes)
{
    private const int FewSegments = 4;
    private const int CountedSegments = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<LogSegment, long> _found = [];

    /// <param name="shard">The shard; what is noticed of its segments is noted there.</param>
    /// <param name="serial">The serial.</param>
    /// <param name="notBefore">When the certificate begins, in Unix seconds; null when that is not known.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RecordTamperedException">What holds the record does not fit together.</exception>
    public async ValueTask<IssuanceRecord?> FindAsync(ShardCatalog shard, string serial, long? notBefore, CancellationToken cancellationToken)
    {
        var hash = LogHash.Serial(shard.TrustDomain, serial);
        var asked = new HashSet<int>();
        if (notBefore is { } begin)
        {
            var table = shard.Closed();
            var likely = table.Holding(begin);
            var bySummary = likely.Count > FewSegments && segments.CanKeepSummaries(table);
            foreach (var (segment, range) in likely)
            {
                asked.Add(segment.Number);
                if (await FindClosedAsync(shard, segment, range, hash, serial, bySummary, cancellationToken).ConfigureAwait(false) is { } found)
                {
                    return found;
                }
            }
        }

        if (await FindOpenAsync(shard, hash, serial, notBefore, asked, cancellationToken).ConfigureAwait(false) is { } last)
        {
            return last;
        }

        var closed = shard.Closed();
        var keeps = segments.CanKeepSummaries(closed);
        var rest = closed.All.Where(one => !asked.Contains(one.Segment.Number));
        foreach (var (segment, range) in notBefore is { } near ? rest.OrderBy(one => Distance(one.Range, near)) : rest)
        {
            if (await FindClosedAsync(shard, segment, range, hash, serial, keeps, cancellationToken).ConfigureAwait(false) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    // What is open as far as this process knows: it may have been closed meanwhile, and segments after it too.
    private async ValueTask<IssuanceRecord?> FindOpenAsync(
        ShardCatalog shard, long hash, string serial, long? notBefore, HashSet<int> asked, CancellationToken cancellationToken)
    {
        while (shard.Open() is { } open)
        {
            if (segments.AskMemory(open, parsed => parsed.Find(hash, serial)) is { } memory)
            {
                if (memory.Answer is not null)
                {
                    return memory.Answer;
                }
            }
            else if (await segments.ClosedAsync(open, cancellationToken).ConfigureAwait(false) is var (range, isSealed))
            {
                shard.Close(open.Number, range, isSealed);
                if (notBefore is not { } begin || (range.Oldest <= begin && range.Youngest >= begin))
                {
                    asked.Add(open.Number);
                    if (await FindClosedAsync(shard, open, range, hash, serial, bySummary: false, cancellationToken).ConfigureAwait(false) is { } found)
                    {
                        return found;
                    }
                }

                continue;
            }

            var (answer, exists) = await segments.AskAsync(
                open, parsed => parsed.Find(hash, serial) is { } record ? new Answer(record, null, default) : parsed.End is { } end ? new Answer(null, end, parsed.Range) : null,
                fresh: false, cancellationToken).ConfigureAwait(false);
            if (answer?.Record is { } held)
            {
                return held;
            }

            if (!exists || answer?.End is null)
            {
                return null;
            }

            asked.Add(open.Number);
            shard.Close(open.Number, answer.Range, answer.End == LogFrameKind.Seal);
        }

        return null;
    }

    private async ValueTask<IssuanceRecord?> FindClosedAsync(
        ShardCatalog shard, LogSegment segment, SegmentRange range, long hash, string serial, bool bySummary, CancellationToken cancellationToken)
    {
        if (range == SegmentRange.Empty)
        {
            return null;
        }

        if (segments.AskMemory(segment, parsed => parsed.Find(hash, serial)) is { IsWhole: true } memory)
        {
            return memory.Answer;
        }

        if (bySummary && (await segments.SummaryAsync(segment, cancellationToken).ConfigureAwait(false))?.MayHold(hash) == false)
        {
            return null;
        }

        var answer = await serials.FindAsync(segment, range.Records, hash, serial, cancellationToken).ConfigureAwait(false);
        if (answer.IsUsable)
        {
            if (answer.Page is { } page && IsHot(segment, page.SegmentLength))
            {
                await ReadWholeAsync(segment, page, cancellationToken).ConfigureAwait(false);
            }

            return answer.Record;
        }

        if (!bySummary && (await segments.SummaryAsync(segment, cancellationToken).ConfigureAwait(false))?.MayHold(hash) == false)
        {
            return null;
        }

        var (whole, _) = await segments.AskAsync(
            segment, parsed => new Answer(parsed.Find(hash, serial), parsed.End, parsed.Range), fresh: false, cancellationToken).ConfigureAwait(false);
        if (whole?.End is { } end)
        {
            shard.Close(segment.Number, whole.Range, end == LogFrameKind.Seal);
            if (serials.TryBegin(segment))
            {
                await segments.WriteSummaryAsync(segment, cancellationToken).ConfigureAwait(false);
            }
        }

        return whole?.Record;
    }

    // Once the searches in it were worth its length, so that what is read whole stays in proportion even if it is dropped again at once.
    private bool IsHot(LogSegment segment, int length)
    {
        lock (_gate)
        {
            if (_found.Count >= CountedSegments)
            {
                _found.Clear();
            }

            var worth = _found.GetValueOrDefault(segment) + hotBytes;
            var isHot = worth >= length && hotBytes > 0;
            _found[segment] = isHot ? 0 : worth;
            return isHot;
        }
    }

    private async Task ReadWholeAsync(LogSegment segment, SerialPage page, CancellationToken cancellationToken)
    {
        var (isThatOf, exists) = await segments.AskAsync(
            segment, parsed => parsed.Length == page.SegmentLength && parsed.Head.Hash.AsSpan().SequenceEqual(page.SegmentHash), fresh: false, cancellationToken).ConfigureAwait(false);
        if (exists && !isThatOf)
        {
            segments.Forget(segment);
            throw LogTail.Broken(segment.Name, "the segment is not the one that its serials were made from.");
        }
    }

    private static long Distance(SegmentRange range, long second)
        => second < range.Oldest ? range.Oldest - second : second > range.Youngest ? second - range.Youngest : 0;

    private sealed record Answer(IssuanceRecord? Record, LogFrameKind? End, SegmentRange Range);
}
