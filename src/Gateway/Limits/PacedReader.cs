using System.Buffers;
using System.IO.Pipelines;

namespace MeshGrains.Gateway;

/// <summary>
/// Reads no faster than a rate: a sender in debt is simply not read for a while, so that TCP holds it back. The wait is at most a second
/// at a time.
/// </summary>
internal sealed class PacedReader(PipeReader inner, Rate rate, TimeProvider time, CancellationToken closed) : PipeReader
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private readonly long _origin = time.GetTimestamp();
    private ReadOnlySequence<byte> _last;
    private TokenBucket _bytes;

    private double Now => time.GetElapsedTime(_origin).TotalSeconds;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (!_bytes.Has(Now, rate))
        {
            return WaitAndReadAsync(cancellationToken);
        }

        var reading = inner.ReadAsync(cancellationToken);
        return reading.IsCompletedSuccessfully ? new ValueTask<ReadResult>(Note(reading.Result)) : NoteAsync(reading);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!_bytes.Has(Now, rate) || !inner.TryRead(out result))
        {
            result = default;
            return false;
        }

        Note(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var length = _last.Slice(_last.Start, consumed).Length;
        _last = default;
        if (length > 0)
        {
            _bytes.Charge(Now, rate, length);
        }

        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    private async ValueTask<ReadResult> WaitAndReadAsync(CancellationToken cancellationToken)
    {
        var wait = _bytes.Wait(rate);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closed);
        await Task.Delay(wait < LongestWait ? wait : LongestWait, time, both.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Note(await inner.ReadAsync(cancellationToken).ConfigureAwait(false));
    }

    private async ValueTask<ReadResult> NoteAsync(ValueTask<ReadResult> reading) => Note(await reading.ConfigureAwait(false));

    private ReadResult Note(ReadResult result)
    {
        _last = result.Buffer;
        return result;
    }
}
