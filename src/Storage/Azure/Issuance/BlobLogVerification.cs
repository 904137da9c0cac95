using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// A walk over every segment in the container that recomputes the chains, compares summaries and serials with what they were made from, and
/// names what is missing. Segments come from the store, not from memory; <paramref name="known"/> tells how long they were when this process last saw them,
/// of shards that had not ended then: what of those is gone, nothing in the store tells.
/// </summary>
internal sealed class BlobLogVerification(LogBlobs blobs, IRecordAuthenticator authenticator, IReadOnlyDictionary<LogSegment, long> known)
{
    private const int MaxFindings = 100;

    private readonly HashSet<string> _summaries = new(StringComparer.Ordinal);
    private readonly HashSet<LogSegment> _met = [];
    private readonly HashSet<string> _serials = new(StringComparer.Ordinal);

    public List<string> Findings { get; } = [];

    /// <summary>The newest segment of each shard that has not ended, with its length; complete once the walk is.</summary>
    public Dictionary<LogSegment, long> Open { get; } = [];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await CollectAsync(LogSegment.Summaries, _summaries, "summary has", cancellationToken).ConfigureAwait(false);
        await CollectAsync(LogSegment.Serials, _serials, "serials have", cancellationToken).ConfigureAwait(false);
        ParsedSegment? before = null;
        await foreach (var item in blobs.ListAsync(LogSegment.Logs, metadata: false, cancellationToken).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Findings.Count >= MaxFindings)
            {
                return;
            }

            if (LogSegment.Parse(item.Name) is not { } segment)
            {
                Findings.Add($"{item.Name}: no segment has such a name.");
                continue;
            }

            if (before is not null && before.Segment.Shard != segment.Shard)
            {
                EndOf(before);
                before = null;
            }

            _met.Add(segment);
            before = await CheckAsync(segment, before, cancellationToken).ConfigureAwait(false);
        }

        if (before is not null)
        {
            EndOf(before);
        }

        foreach (var (gone, length) in known.Where(pair => pair.Value > 0 && !_met.Contains(pair.Key)))
        {
            Findings.Add($"{gone.Name}: the segment is missing; it had {length} bytes.");
        }

        foreach (var orphan in _summaries)
        {
            Findings.Add($"{orphan}: the segment is missing, and its summary is there.");
        }

        foreach (var orphan in _serials)
        {
            Findings.Add($"{orphan}: the segment is missing, and its serials are there.");
        }
    }

    private async Task CollectAsync(string folder, HashSet<string> names, string what, CancellationToken cancellationToken)
    {
        await foreach (var item in blobs.ListAsync(folder, metadata: false, cancellationToken).ConfigureAwait(false))
        {
            if (LogSegment.Parse(item.Name) is { } segment)
            {
                names.Add(segment.Name);
            }
            else
            {
                Findings.Add($"{item.Name}: no {what} such a name.");
            }
        }
    }

    private async Task<ParsedSegment> CheckAsync(LogSegment segment, ParsedSegment? before, CancellationToken cancellationToken)
    {
        var parsed = new ParsedSegment(segment);
        var bytes = await blobs.ReadAsync(segment.Name, 0, cancellationToken).ConfigureAwait(false) ?? [];
        var due = before is null ? 0 : before.Segment.Number + 1;
        if (segment.Number != due)
        {
            Findings.Add($"{segment.Shard}: segments {due} to {segment.Number - 1} are missing.");
            before = null;
        }

        try
        {
            parsed.Extend(bytes);
        }
        catch (RecordTamperedException broken)
        {
            Findings.Add(broken.Message);
        }

        if (before is not null && before.End != LogFrameKind.Roll)
        {
            Findings.Add($"{before.Segment.Name}: it does not end as a segment that another one follows; its tail was cut off or edited.");
        }
        else if (before?.Begins is not null && parsed.Begins is not null && !ParsedSegment.Same(before.Head, parsed.Begins))
        {
            Findings.Add($"{segment.Name}: it does not follow the segment before it.");
        }

        if (known.TryGetValue(segment, out var length) && bytes.Length < length)
        {
            Findings.Add($"{segment.Name}: it has {bytes.Length} bytes and had {length}; its tail was cut off.");
        }

        if (_summaries.Remove(segment.Name))
        {
            await CheckSummaryAsync(segment, parsed, cancellationToken).ConfigureAwait(false);
        }

        if (_serials.Remove(segment.Name))
        {
            await CheckSerialsAsync(segment, parsed, cancellationToken).ConfigureAwait(false);
        }

        return parsed;
    }

    private async Task CheckSummaryAsync(LogSegment segment, ParsedSegment parsed, CancellationToken cancellationToken)
    {
        var summary = await blobs.ReadAsync(segment.SummaryName, 0, cancellationToken).ConfigureAwait(false);
        if (parsed.End is null)
        {
            Findings.Add($"{segment.Name}: a summary tells that it was closed, and its end is missing.");
        }
        else if (summary is null || !SegmentSummary.Encode(parsed).AsSpan().SequenceEqual(summary))
        {
            Findings.Add($"{segment.SummaryName}: it is not what its segment gives; delete it, and it is made anew.");
        }
    }

    private async Task CheckSerialsAsync(LogSegment segment, ParsedSegment parsed, CancellationToken cancellationToken)
    {
        try
        {
            var serials = await blobs.ReadAsync(segment.SerialsName, 0, cancellationToken).ConfigureAwait(false);
            if (parsed.End is null)
            {
                Findings.Add($"{segment.Name}: its serials tell that it was closed, and its end is missing.");
            }
            else if (serials is null || !SerialPage.Encode(parsed, authenticator).AsSpan().SequenceEqual(serials))
            {
                Findings.Add($"{segment.SerialsName}: it is not what its segment gives. Where the chain is whole, delete it, and it is made anew.");
            }
        }
        catch (RecordKeyUnavailableException)
        {
            Findings.Add($"{segment.SerialsName}: not checked, since the record key is not there.");
        }
    }

    private void EndOf(ParsedSegment last)
    {
        if (last.End is null)
        {
            Open[last.Segment] = last.Length;
        }
    }
}
