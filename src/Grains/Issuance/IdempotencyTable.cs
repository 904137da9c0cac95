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
    private readonly LinkedList<Slot> _order = [];

    /// <param name="request">A request with an idempotency key.</param>
    /// <param name="issue">Makes the answer, once for a key.</param>
    /// <param name="recheck">Says why a kept answer may not be given again; null when it may.</param>
    /// <param name="cancellationToken">Of this call alone.</param>
    public async ValueTask<IssuanceResult> AnswerAsync(
        SvidRequest request,
        Func<SvidRequest, CancellationToken, ValueTask<IssuanceResult>> issue,
        Func<SvidRequest, IssuedSvid, CancellationToken, ValueTask<Refusal?>> recheck,
        CancellationToken cancellationToken)
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
                (slot, mine) = (new Slot(id, hash, time.GetTimestamp()), true);
                _slots.Add(id, slot);
                _order.AddLast(slot.Place);
            }
        }

        if (mine)
        {
            return await RunAsync(slot, request, issue, cancellationToken);
        }

        var kept = await slot.Answer.Task.WaitAsync(cancellationToken);
        return kept.Succeeded && await recheck(request, kept.Svid, cancellationToken) is { } refusal ? refusal : kept;
    }

    private async ValueTask<IssuanceResult> RunAsync(
        Slot slot, SvidRequest request, Func<SvidRequest, CancellationToken, ValueTask<IssuanceResult>> issue, CancellationToken cancellationToken)
    {
        try
        {
            var result = await issue(request, cancellationToken);
            if (!result.Succeeded)
            {
                Forget(slot);
            }

            slot.Answer.TrySetResult(result);
            return result;
        }
        catch (Exception failure)
        {
            Forget(slot);
            slot.Answer.TrySetResult(new Refusal(RefusalCode.Unavailable, "first_attempt_failed", "The first attempt with this idempotency key failed; try again.", failure.GetType().Name));
            throw;
        }
    }

    /// <summary>A failed answer takes no room: a flood of bad requests with keys leaves the table to the others.</summary>
    private void Forget(Slot slot)
    {
        lock (_gate)
        {
            Remove(slot);
        }
    }

    private void Expire()
    {
        while (_order.First is { Value: var oldest } && time.GetElapsedTime(oldest.Since) >= window)
        {
            Remove(oldest);
        }
    }

    private void Remove(Slot slot)
    {
        if (slot.Place.List is not null)
        {
            _order.Remove(slot.Place);
            _slots.Remove(slot.Id);
        }
    }

    private sealed class Slot
    {
        public Slot((string Caller, string Key) id, byte[] csrHash, long since)
        {
            (Id, CsrHash, Since) = (id, csrHash, since);
            Place = new LinkedListNode<Slot>(this);
        }

        public (string Caller, string Key) Id { get; }

        public LinkedListNode<Slot> Place { get; }

        public byte[] CsrHash { get; }

        public long Since { get; }

        public TaskCompletionSource<IssuanceResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
