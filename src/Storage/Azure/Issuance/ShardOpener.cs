using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Opens a shard for appending: its newest segment, the lease first and only then the content, so that what was read can change no more except
/// by who takes the lease in turn.
/// </summary>
internal sealed class ShardOpener(LogBlobs blobs)
{
    private const int Tries = 16;

    /// <param name="trustDomain">The shard's trust domain.</param>
    /// <param name="issuer">The shard's issuer.</param>
    /// <param name="lease">The id to hold it under: a fresh one, or that of an opening that failed, so that a lease whose reply was lost is known.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RecordTamperedException">The newest segment does not fit together.</exception>
    /// <exception cref="IssuanceLogUnavailableException">Others were faster again and again.</exception>
    public async Task<OpenShard> OpenAsync(string trustDomain, string issuer, string lease, CancellationToken cancellationToken)
    {
        var segment = new LogSegment(trustDomain, issuer, 0);
        if (!await blobs.TryCreateAsync(segment.Name, cancellationToken).ConfigureAwait(false))
        {
            segment = await NewestAsync(segment, cancellationToken).ConfigureAwait(false);
        }

        for (var tried = 0; tried < Tries; tried++)
        {
            if (!await blobs.TryLeaseAsync(segment.Name, lease, force: true, cancellationToken).ConfigureAwait(false))
            {
                continue;
            }

            var parsed = await ReadAsync(segment, cancellationToken).ConfigureAwait(false);
            if (parsed.End == LogFrameKind.Roll)
            {
                var next = segment.Next();
                await blobs.TryCreateAsync(next.Name, cancellationToken).ConfigureAwait(false);
                await blobs.ReleaseAsync(segment.Name, lease, cancellationToken).ConfigureAwait(false);
                segment = next;
                continue;
            }

            if (parsed.End == LogFrameKind.Seal)
            {
                await blobs.ReleaseAsync(segment.Name, lease, cancellationToken).ConfigureAwait(false);
            }

            var head = parsed.Begins is not null ? parsed.Head : await BeforeAsync(segment, cancellationToken).ConfigureAwait(false);
            return new OpenShard(segment, lease, parsed.Length, parsed.Blocks, head, parsed.End == LogFrameKind.Seal);
        }

        throw new IssuanceLogUnavailableException($"Others took the log shard {trustDomain}/{issuer} again and again; try again.");
    }

    private async Task<LogSegment> NewestAsync(LogSegment segment, CancellationToken cancellationToken)
    {
        await foreach (var item in blobs.ListAsync(LogSegment.Logs + segment.Shard, metadata: false, cancellationToken).ConfigureAwait(false))
        {
            if (LogSegment.Parse(item.Name) is { } found && found.Number > segment.Number)
            {
                segment = found;
            }
        }

        return segment;
    }

    private async Task<LogHead> BeforeAsync(LogSegment segment, CancellationToken cancellationToken)
    {
        if (segment.Number == 0)
        {
            return LogHead.Start;
        }

        var previous = await ReadAsync(segment with { Number = segment.Number - 1 }, cancellationToken).ConfigureAwait(false);
        return previous.End == LogFrameKind.Roll
            ? previous.Head
            : throw LogTail.Broken(segment.Name, "the segment before it does not end where this one begins.");
    }

    private async Task<ParsedSegment> ReadAsync(LogSegment segment, CancellationToken cancellationToken)
    {
        var parsed = new ParsedSegment(segment);
        parsed.Extend(await blobs.ReadAsync(segment.Name, 0, cancellationToken).ConfigureAwait(false)
            ?? throw LogTail.Broken(segment.Name, "the segment is missing."));
        return parsed;
    }
}
