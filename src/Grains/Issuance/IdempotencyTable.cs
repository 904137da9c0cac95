using System.Security.Cryptography;

namespace MeshGrains.Grains;

/// <summary>
/// Answers kept for repeated idempotency keys, scoped to the caller: in this silo's memory, for a short while, within a bound.
/// The same key with another CSR is refused; a failed answer is not kept.
/// </summary>
internal sealed class IdempotencyTable(TimeSpan window, int capacity, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Caller, string Key), Slot> _slots = [];
    private readonly Queue<((string Caller, string Key) Id, Slot Slot)> _order = [];

    public async ValueTask<IssuanceResult> AnswerAsync(SvidRequest request, Func<SvidRequest, CancellationToken, ValueTask<IssuanceResult>> issue, CancellationToken cancellationToken)
    {
        var id = (request.Caller.Name, request.IdempotencyKey!);
        var hash = SHA256.HashData(request.CsrDer.Span);
        Slot slot;
        bool mine;
        lock (_gate)
        {
            Expire();
            if (_slots.TryGetValue(id, out var standing))
            {
                if (!standing.CsrHash.AsSpan().SequenceEqual(hash))
                {
                    return new Refusal(RefusalCode.InvalidArgument, "idempotency_key_reused", "This idempotency key was used with another CSR. Use a fresh key for a new request.");
                }

                (slot, mine) = (standing, false);
            }
            else if (_order.Count >= capacity)
            {
                return new Refusal(RefusalCode.ResourceExhausted, "idempotency_full", "Too many idempotency keys are in use; try again shortly, or without a key.", RetryAfter: window);
            }
            else
            {
                (slot, mine) = (new Slot(hash, time.GetTimestamp()), true);
                _slots.Add(id, slot);
                _order.Enqueue((id, slot));
            }
        }

        return mine ? await RunAsync(id, slot, request, issue, cancellationToken) : await slot.Answer.Task.WaitAsync(cancellationToken);
    }

    private async ValueTask<IssuanceResult> RunAsync(
        (string Caller, string Key) id, Slot slot, SvidRequest request, Func<SvidRequest, CancellationToken, ValueTask<IssuanceResult>> issue, CancellationToken cancellationToken)
    {
        try
        {
            var result = await issue(request, cancellationToken);
            if (!result.Succeeded)
            {
                Forget(id, slot);
            }

            slot.Answer.TrySetResult(result);
            return result;
        }
        catch (Exception failure)
        {
            Forget(id, slot);
            slot.Answer.TrySetResult(new Refusal(RefusalCode.Unavailable, "first_attempt_failed", "The first attempt with this idempotency key failed; try again.", failure.GetType().Name));
            throw;
        }
    }

    private void Forget((string Caller, string Key) id, Slot slot)
    {
        lock (_gate)
        {
            if (_slots.TryGetValue(id, out var standing) && ReferenceEquals(standing, slot))
            {
                _slots.Remove(id);
            }
        }
    }

    private void Expire()
    {
        while (_order.TryPeek(out var oldest) && time.GetElapsedTime(oldest.Slot.Since) >= window)
        {
            _order.Dequeue();
            if (_slots.TryGetValue(oldest.Id, out var standing) && ReferenceEquals(standing, oldest.Slot))
            {
                _slots.Remove(oldest.Id);
            }
        }
    }

    private sealed class Slot(byte[] csrHash, long since)
    {
        public byte[] CsrHash { get; } = csrHash;

        public long Since { get; } = since;

        public TaskCompletionSource<IssuanceResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
