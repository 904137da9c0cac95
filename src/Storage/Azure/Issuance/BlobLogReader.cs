using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// The log's searches. With a hint a serial is looked for in one shard; without it two listings tell the segments of all shards, and summaries
/// which of them to read. Nothing of history is read at the start.
/// </summary>
internal sealed class BlobLogReader(LogBlobs blobs, SegmentReader segments, SerialSearch search)
{
    private const int KnownShards = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, ShardCatalog> _shards = new(StringComparer.Ordinal);

    public async ValueTask<IssuanceRecord?> FindBySerialAsync(string trustDomain, string serial, CertificateHint? hint, CancellationToken cancellationToken)
    {
        if (hint is not null)
        {
            return await FindInShardAsync(trustDomain, hint.IssuerAuthorityId, serial, hint.NotBefore.ToUnixTimeSeconds(), cancellationToken).ConfigureAwait(false);
        }

        foreach (var shard in await ListShardsAsync(trustDomain, cancellationToken).ConfigureAwait(false))
        {
            if (await FindInShardAsync(trustDomain, shard.Issuer, serial, null, cancellationToken).ConfigureAwait(false) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    public async ValueTask<IssuanceRecord?> FindInShardAsync(
        string trustDomain, string issuer, string serial, long? notBefore, CancellationToken cancellationToken)
    {
        if (Catalog(trustDomain, issuer) is not { } shard)
        {
            return null;
        }

        await ListAsync(shard, cancellationToken).ConfigureAwait(false);
        return await search.FindAsync(shard, serial, notBefore, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Newest first, with positions below <paramref name="before"/>; of one identity, or of all where that is null. More than the limit only
    /// where records share the last position.
    /// </summary>
    public async ValueTask<List<PositionedRecord>> ListAsync(
        string trustDomain, string? spiffeId, long before, int limit, CancellationToken cancellationToken)
    {
        var found = new List<PositionedRecord>();
        if (limit <= 0)
        {
            return found;
        }

        var identity = spiffeId is null ? 0 : LogHash.Identity(spiffeId);
        foreach (var (segment, range, isOpen) in await SegmentsAsync(trustDomain, cancellationToken).ConfigureAwait(false))
        {
            if (range.Records == 0 || range.First > LogPosition.Second(before))
            {
                continue;
            }

            if (found.Count >= limit && range.Last < LogPosition.Second(found[limit - 1].Position))
            {
                break;
            }

            if (spiffeId is not null && !isOpen
                && (await segments.SummaryAsync(segment, cancellationToken).ConfigureAwait(false))?.MayHold(identity) == false)
            {
                continue;
            }

            var floor = found.Count >= limit ? found[limit - 1].Position : long.MinValue;
            var (more, _) = await segments.AskAsync(
                segment, parsed => Collect(parsed, spiffeId, identity, before, floor, limit), fresh: !isOpen, cancellationToken).ConfigureAwait(false);
            found.AddRange(more ?? []);
            Cut(found, limit);
        }

        return found;
    }

    public async ValueTask<Dictionary<string, long>> CountLiveAsync(string trustDomain, long now, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (segment, range, isOpen) in await SegmentsAsync(trustDomain, cancellationToken).ConfigureAwait(false))
        {
            if (range.Ends <= now)
            {
                continue;
            }

            long live;
            if (!isOpen && await segments.SummaryAsync(segment, cancellationToken).ConfigureAwait(false) is { } summary)
            {
                live = summary.LiveAfter(now);
            }
            else
            {
                (live, _) = await segments.AskAsync(
                    segment, parsed => (long)parsed.Records.Count(record => record.NotAfter > now), fresh: !isOpen, cancellationToken).ConfigureAwait(false);
            }

            if (live > 0)
            {
                counts[segment.Issuer] = counts.GetValueOrDefault(segment.Issuer) + live;
            }
        }

        return counts;
    }

    private static List<PositionedRecord> Collect(ParsedSegment parsed, string? spiffeId, long identity, long before, long floor, int limit)
    {
        var chosen = parsed.Records.Where(record => record.Position < before && record.Position >= floor && (spiffeId is null || record.IdentityHash == identity))
            .OrderByDescending(record => record.Position);
        var found = new List<PositionedRecord>();
        foreach (var entry in chosen)
        {
            if (found.Count >= limit && entry.Position < found[^1].Position)
            {
                break;
            }

            var record = parsed.Decode(entry);
            if (spiffeId is null || record.SpiffeId == spiffeId)
            {
                found.Add(new PositionedRecord(entry.Position, record));
            }
        }

        return found;
    }

    private static void Cut(List<PositionedRecord> found, int limit)
    {
        found.Sort((one, other) => one.Position != other.Position
            ? other.Position.CompareTo(one.Position)
            : string.CompareOrdinal(one.Record.Serial, other.Record.Serial));
        var kept = Math.Min(limit, found.Count);
        while (kept > 0 && kept < found.Count && found[kept].Position == found[kept - 1].Position)
        {
            kept++;
        }

        found.RemoveRange(kept, found.Count - kept);
    }

    private ShardCatalog? Catalog(string trustDomain, string issuer)
    {
        try
        {
            LogSegment.RequireName(trustDomain, "trust domain");
            LogSegment.RequireName(issuer, "issuer");
        }
        catch (ArgumentException)
        {
            return null;
        }

        lock (_gate)
        {
            var key = LogSegment.Folder(trustDomain, issuer);
            if (!_shards.TryGetValue(key, out var shard))
            {
                if (_shards.Count >= KnownShards)
                {
                    _shards.Clear();
                }

                _shards.Add(key, shard = new ShardCatalog(trustDomain, issuer));
            }

            return shard;
        }
    }

    // Once a shard: what was closed before this process looked. What closes later is noticed where it is read.
    private async ValueTask ListAsync(ShardCatalog shard, CancellationToken cancellationToken)
    {
        if (shard.IsListed)
        {
            return;
        }

        var folder = LogSegment.Folder(shard.TrustDomain, shard.Issuer);
        var newest = -1;
        await foreach (var item in blobs.ListAsync(LogSegment.Logs + folder, metadata: false, cancellationToken).ConfigureAwait(false))
        {
            newest = Math.Max(newest, LogSegment.Parse(item.Name)?.Number ?? -1);
        }

        if (newest < 0)
        {
            return;
        }

        await foreach (var item in blobs.ListAsync(LogSegment.Summaries + folder, metadata: true, cancellationToken).ConfigureAwait(false))
        {
            if (LogSegment.Parse(item.Name) is { } segment && segment.Number <= newest && SegmentSummary.Range(item.Metadata) is { } range)
            {
                shard.Close(segment.Number, range, SegmentSummary.IsSealed(item.Metadata));
            }
        }

        await ReadUnsummedAsync(shard, newest, cancellationToken).ConfigureAwait(false);
        shard.IsListed = true;
    }

    // Segments that are closed, since there is a later one, and have no summary: their writer died in between.
    private async Task ReadUnsummedAsync(ShardCatalog shard, int newest, CancellationToken cancellationToken)
    {
        for (var number = 0; number < newest; number++)
        {
            if (shard.IsClosed(number))
            {
                continue;
            }

            var segment = new LogSegment(shard.TrustDomain, shard.Issuer, number);
            var (range, exists) = await segments.AskAsync(
                segment, parsed => parsed.End is null ? null : (SegmentRange?)parsed.Range, fresh: false, cancellationToken).ConfigureAwait(false);
            if (range is { } known)
            {
                shard.Close(number, known, ended: false);
                await segments.WriteSummaryAsync(segment, cancellationToken).ConfigureAwait(false);
            }
            else if (!exists)
            {
                // Expired by the operator, or missing: VerifyChainAsync tells.
                shard.Close(number, SegmentRange.Empty, ended: false);
            }
        }
    }

    private async ValueTask<List<ShardCatalog>> ListShardsAsync(string trustDomain, CancellationToken cancellationToken)
    {
        LogSegment.RequireName(trustDomain, "trust domain");
        var newest = new Dictionary<string, int>(StringComparer.Ordinal);
        await foreach (var item in blobs.ListAsync($"{LogSegment.Logs}{trustDomain}/", metadata: false, cancellationToken).ConfigureAwait(false))
        {
            if (LogSegment.Parse(item.Name) is { } segment)
            {
                newest[segment.Issuer] = Math.Max(newest.GetValueOrDefault(segment.Issuer, -1), segment.Number);
            }
        }

        await foreach (var item in blobs.ListAsync($"{LogSegment.Summaries}{trustDomain}/", metadata: true, cancellationToken).ConfigureAwait(false))
        {
            if (LogSegment.Parse(item.Name) is { } segment && newest.TryGetValue(segment.Issuer, out var last) && segment.Number <= last
                && SegmentSummary.Range(item.Metadata) is { } range && Catalog(trustDomain, segment.Issuer) is { } shard && !shard.IsClosed(segment.Number))
            {
                shard.Close(segment.Number, range, SegmentSummary.IsSealed(item.Metadata));
            }
        }

        var shards = new List<ShardCatalog>();
        foreach (var (issuer, last) in newest)
        {
            if (Catalog(trustDomain, issuer) is { } shard)
            {
                await ReadUnsummedAsync(shard, last, cancellationToken).ConfigureAwait(false);
                shard.IsListed = true;
                shards.Add(shard);
            }
        }

        return [.. shards.OrderByDescending(shard => shard.Closed().All.Select(one => one.Range.Last).DefaultIfEmpty(long.MaxValue).First())];
    }

    // All segments of a trust domain, the last issue first.
    private async ValueTask<List<(LogSegment Segment, SegmentRange Range, bool IsOpen)>> SegmentsAsync(string trustDomain, CancellationToken cancellationToken)
    {
        var all = new List<(LogSegment Segment, SegmentRange Range, bool IsOpen)>();
        foreach (var shard in await ListShardsAsync(trustDomain, cancellationToken).ConfigureAwait(false))
        {
            while (shard.Open() is { } open)
            {
                var (answer, exists) = await segments.AskAsync(
                    open, parsed => new Answer(parsed.End, parsed.Range), fresh: true, cancellationToken).ConfigureAwait(false);
                if (!exists || answer is null)
                {
                    break;
                }

                if (answer.End is null)
                {
                    all.Add((open, answer.Range, true));
                    break;
                }

                shard.Close(open.Number, answer.Range, answer.End == LogFrameKind.Seal);
            }

            all.AddRange(shard.Closed().All.Select(one => (one.Segment, one.Range, false)));
        }

        all.Sort((one, other) => other.Range.Last.CompareTo(one.Range.Last));
        return all;
    }

    private sealed record Answer(LogFrameKind? End, SegmentRange Range);
}
