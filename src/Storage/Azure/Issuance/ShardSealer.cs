using Azure;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Seals a shard whoever writes to it: takes the lease, reads the end, appends the seal there. After any failure it begins again, and finds
/// either its seal or another's, or tries once more.
/// </summary>
internal sealed class ShardSealer(LogBlobs blobs, ShardOpener opener, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <returns>The shard's last segment.</returns>
    public async Task<LogSegment> SealAsync(string trustDomain, string issuer, CancellationToken cancellationToken)
    {
        var frames = new LogFrames(trustDomain, issuer);
        var lease = blobs.NewLease();
        while (true)
        {
            try
            {
                var open = await opener.OpenAsync(trustDomain, issuer, lease, cancellationToken).ConfigureAwait(false);
                if (open.IsSealed)
                {
                    return open.Segment;
                }

                var block = new BinaryBuffer(512);
                if (open.Length == 0)
                {
                    frames.Header(block, open.Segment.Number, open.Head);
                }

                frames.Mark(block, LogFrameKind.Seal, open.Head);
                await blobs.AppendAsync(open.Segment.Name, block.Written.ToArray(), open.Length, open.Lease, cancellationToken).ConfigureAwait(false);
                await blobs.ReleaseAsync(open.Segment.Name, open.Lease, cancellationToken).ConfigureAwait(false);
                return open.Segment;
            }
            catch (Exception failure) when (failure is RequestFailedException or AggregateException or IOException or HttpRequestException or IssuanceLogUnavailableException
                || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
