using Azure;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Appends to one shard, one block at a time. An append whose outcome is unknown is sent again byte for byte, and nothing else is ever sent for
/// its place, so that no late twin of it can slip in. A shard of leaves belongs to the process that holds its CA: once anything else was
/// appended there, or its lease was taken, this process never writes to it again. A shard of authorities' certificates is written by whichever
/// silos host the trust domain: there a lost place means to read, build the batch anew on the new head, and try again.
/// </summary>
internal sealed class ShardWriter(
    LogBlobs blobs, ShardOpener opener, BlobLogReader reader, BlobIssuanceLogOptions options, TimeProvider time, Action<LogSegment> closed,
    string trustDomain, string issuer)
{
    private const int SharedTries = 12;
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(20);

    private readonly LogFrames _frames = new(trustDomain, issuer);
    private readonly BinaryBuffer _block = new(64 * 1024);
    private OpenShard? _open;
    private Unsettled? _unsettled;
    private string? _nextLease;
    private bool _rolled;
    private bool _leaves;

    /// <summary>This process never writes here again.</summary>
    public bool IsLost { get; private set; }

    /// <summary>How long the open segment is by what was answered for; null when none is open.</summary>
    public (LogSegment Segment, long Length)? Written => _open is { } open ? (open.Segment, open.Length) : null;

    /// <summary>True when the outcome of an append is unknown.</summary>
    public bool IsUnsettled => _unsettled is not null;

    /// <summary>Makes the appends durable or marks them as failed.</summary>
    /// <returns>Why the store failed; null when it did not.</returns>
    public async Task<Exception?> WriteAsync(List<PendingAppend> appends)
    {
        var done = 0;
        try
        {
            using var limit = new CancellationTokenSource(options.AppendTimeout, time);
            _leaves |= appends.Exists(append => append.IsLeaf);
            for (var tried = 0; ; tried++)
            {
                try
                {
                    if (IsLost)
                    {
                        throw new PositionLostException("the shard was sealed or taken by another writer.");
                    }

                    await OpenAsync(limit.Token).ConfigureAwait(false);
                    await DropKnownAsync(appends, done, again: tried > 0, limit.Token).ConfigureAwait(false);

                    while (done < appends.Count)
                    {
                        done = await WriteBlockAsync(appends, done, limit.Token).ConfigureAwait(false);
                    }

                    return null;
                }
                catch (PositionLostException lost)
                {
                    _open = null;
                    _unsettled = null;
                    _rolled = false;
                    _nextLease = null;
                    IsLost |= _leaves;
                    if (IsLost)
                    {
                        Fail(appends, done, new IssuanceShardSealedException(issuer, lost.Message));
                        return null;
                    }

                    if (tried == SharedTries)
                    {
                        Fail(appends, done, new IssuanceLogUnavailableException($"Other writers were faster {tried} times in the shard {issuer}; try again."));
                        return null;
                    }

                    await Task.Delay(RetryPause * (tried + 1), time, limit.Token).ConfigureAwait(false);
                }
            }
        }
        catch (RecordTamperedException tampered)
        {
            // One damaged shard does not stop the others.
            Fail(appends, done, new IssuanceLogUnavailableException("The issuer's log shard is damaged.", tampered));
            return null;
        }
        catch (Exception failure)
        {
            Fail(appends, done, new IssuanceLogUnavailableException("The issuance log could not take the record.", failure));
            return failure;
        }
    }

    /// <summary>Finds out what became of an append whose outcome is unknown, or finishes it.</summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        try
        {
            await OpenAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (PositionLostException)
        {
            _open = null;
            _unsettled = null;
            _rolled = false;
            _nextLease = null;
            IsLost |= _leaves;
        }
    }

    private static void Fail(List<PendingAppend> appends, int from, Exception failure)
    {
        for (var i = from; i < appends.Count; i++)
        {
            appends[i].Fail(failure);
        }
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (_unsettled is not null)
        {
            await DeliverAsync(cancellationToken).ConfigureAwait(false);
        }

        if (_rolled)
        {
            await BeginNextAsync(cancellationToken).ConfigureAwait(false);
        }

        if (_open is null)
        {
            var opened = await opener.OpenAsync(trustDomain, issuer, _nextLease ??= blobs.NewLease(), cancellationToken).ConfigureAwait(false);
            _nextLease = null;
            if (opened.IsSealed)
            {
                IsLost = true;
                throw new PositionLostException("the shard was sealed and takes no more records.");
            }

            _open = opened;
        }
    }

    private async Task<int> WriteBlockAsync(List<PendingAppend> appends, int from, CancellationToken cancellationToken)
    {
        if (_open!.Length >= options.SegmentBytes || _open.Blocks >= options.SegmentBlocks)
        {
            _block.Clear();
            var rolled = _frames.Mark(_block, LogFrameKind.Roll, _open.Head);
            await SendAsync(rolled, rolls: true, cancellationToken).ConfigureAwait(false);
            await OpenAsync(cancellationToken).ConfigureAwait(false);
        }

        var chunk = new List<PendingAppend>(appends.Count - from);
        var bytes = 0;
        while (from < appends.Count && (chunk.Count == 0 || bytes + appends[from].Bytes.Length < LogFrames.MaxBlock))
        {
            bytes += appends[from].Bytes.Length + 4;
            chunk.Add(appends[from++]);
        }

        chunk.RemoveAll(append => append.HasFailed || append.IsDone);
        if (chunk.Count > 0)
        {
            _block.Clear();
            if (_open!.Length == 0)
            {
                _frames.Header(_block, _open.Segment.Number, _open.Head);
            }

            await SendAsync(_frames.Batch(_block, _open.Head, chunk), rolls: false, cancellationToken).ConfigureAwait(false);
        }

        return from;
    }

    private Task SendAsync(LogHead next, bool rolls, CancellationToken cancellationToken)
    {
        _unsettled = new Unsettled(_block.Written.ToArray(), next, rolls);
        return DeliverAsync(cancellationToken);
    }

    private async Task DeliverAsync(CancellationToken cancellationToken)
    {
        var (block, next, rolls) = _unsettled!;
        var open = _open!;
        while (true)
        {
            var refused = false;
            try
            {
                var sending = blobs.AppendAsync(open.Segment.Name, block, open.Length, open.Lease, cancellationToken);
                LogEvents.Raise(LogEvents.Written);
                await sending.ConfigureAwait(false);
                break;
            }
            catch (RequestFailedException failure) when (failure.Status is 404 or 409 or 412)
            {
                // Refused now; but an earlier try of the very same bytes may have gone in.
                refused = true;
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // Unknown: the request may have been carried out, or still be.
            }

            var there = await blobs.ReadAsync(open.Segment.Name, open.Length, cancellationToken).ConfigureAwait(false)
                ?? throw new PositionLostException("the shard's newest segment is gone.");
            if (there.AsSpan().StartsWith(block))
            {
                break;
            }

            if (there.Length > 0 || refused)
            {
                throw new PositionLostException("another writer or a sealer has taken the shard.");
            }

            await Task.Delay(RetryPause, time, cancellationToken).ConfigureAwait(false);
        }

        _unsettled = null;
        _rolled = rolls;
        _open = open with { Length = open.Length + block.Length, Blocks = open.Blocks + 1, Head = next };
    }

    private async Task BeginNextAsync(CancellationToken cancellationToken)
    {
        var full = _open!;
        if (_leaves)
        {
            // Not by force: who holds it already is a sealer that came in between.
            var segment = full.Segment.Next();
            await blobs.TryCreateAsync(segment.Name, cancellationToken).ConfigureAwait(false);

            // The same one each time, so that a lease whose reply was lost is known for our own.
            var lease = _nextLease ??= blobs.NewLease();
            if (!await blobs.TryLeaseAsync(segment.Name, lease, force: false, cancellationToken).ConfigureAwait(false))
            {
                throw new PositionLostException("another writer or a sealer has taken the shard.");
            }

            _open = new OpenShard(segment, lease, 0, 0, full.Head, IsSealed: false);
            await blobs.ReleaseAsync(full.Segment.Name, full.Lease, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            _open = null;
        }

        _rolled = false;
        _nextLease = null;
        closed(full.Segment);
    }

    // Authorities' records are few, and many processes write them: whether a serial is taken only the log can tell.
    private async Task DropKnownAsync(List<PendingAppend> appends, int from, bool again, CancellationToken cancellationToken)
    {
        for (var i = from; i < appends.Count; i++)
        {
            var append = appends[i];
            if (append.IsLeaf || append.HasFailed || append.IsDone
                || await reader.FindInShardAsync(trustDomain, issuer, append.Serial, null, cancellationToken).ConfigureAwait(false) is not { } found)
            {
                continue;
            }

            if (again && append.IsSameAs(found))
            {
                append.IsDone = true;
                continue;
            }

            append.Fail(new RecordConflictException($"issuance/{trustDomain}/{append.Serial}", "the log has this serial already."));
        }
    }

    private sealed record Unsettled(byte[] Block, LogHead Next, bool Rolls);
}
