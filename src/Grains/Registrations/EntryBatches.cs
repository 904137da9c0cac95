using System.Collections.Immutable;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Creates registration entries many at a time. Each stands alone: one that is refused holds up no other. No grain is asked, since the fence is the
/// store's compare-and-swap; a million identities need no million activations then.
/// </summary>
public sealed class EntryBatches(
    IRegistrationStore registrations, IOptions<TrustDomainOptions> trustDomain, IOptions<SvidOptions> svids, IOptions<HomeOptions> home, RegistrationChanges changes,
    IRandomSource random, TimeProvider time)
{
    /// <summary>Most entries of one batch.</summary>
    public const int MaxEntries = 500;

    private const int MaxAtOnce = 8;
    private const int MaxReads = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private int _running;

    /// <summary>What became of each entry, in their order. They get ids, the time and revision 1 here.</summary>
    /// <exception cref="GrainOperationException">Too many batches run already.</exception>
    public async Task<ImmutableArray<EntryOutcome>> CreateAsync(IReadOnlyList<RegistrationEntry> entries, string operationId)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entries.Count, MaxEntries);
        try
        {
            return Interlocked.Increment(ref _running) <= MaxAtOnce
                ? await WriteAsync(entries, operationId)
                : throw new GrainOperationException(RefusalCode.Unavailable, "too_many_batches", $"This silo writes {MaxAtOnce} batches of entries already; try again shortly.");
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private async Task<ImmutableArray<EntryOutcome>> WriteAsync(IReadOnlyList<RegistrationEntry> entries, string operationId)
    {
        var outcomes = new EntryOutcome[entries.Count];
        var fine = new List<(int Index, RegistrationEntry Entry)>(entries.Count);
        var (batch, now) = (random.NewId(), time.GetUtcNow());
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i] with { Id = EntryBatchId.Of(batch, i), CreatedAt = now, Revision = 1, OperationId = operationId };
            if (EntryRules.Refuse(entry, trustDomain.Value, svids.Value, home.Value) is { } refusal)
            {
                outcomes[i] = EntryOutcome.Of(refusal);
            }
            else
            {
                fine.Add((i, entry));
            }
        }

        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            var failures = await registrations.CreateEntriesAsync([.. fine.Select(one => one.Entry)], patience.Token);
            var reads = new ParallelOptions { MaxDegreeOfParallelism = MaxReads };
            await Parallel.ForAsync(0, fine.Count, reads, async (i, _) =>
            {
                var (index, entry) = fine[i];
                outcomes[index] = failures[i] is { } failure ? await ExplainAsync(entry, failure, patience.Token) : EntryOutcome.Created(entry);
            });
        }
        finally
        {
            foreach (var parent in fine.Select(one => one.Entry.ParentId).Distinct(StringComparer.Ordinal))
            {
                changes.Raise(parent);
            }
        }

        return [.. outcomes];
    }

    /// <summary>What a failed write left: a reply may have been lost, or another entry is there already.</summary>
    private async ValueTask<EntryOutcome> ExplainAsync(RegistrationEntry entry, Exception failure, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested && failure is OperationCanceledException)
        {
            return EntryOutcome.Of(new Refusal(RefusalCode.Unavailable, "batch_timeout", $"The store did not take it within {Patience.TotalSeconds:0} s; send it again."));
        }

        try
        {
            foreach (var stored in await registrations.FindEntriesByIdentityAsync(entry.TrustDomain, entry.SpiffeId, cancellationToken))
            {
                if (stored.Id == entry.Id && stored.OperationId == entry.OperationId)
                {
                    return EntryOutcome.Created(stored);
                }

                if (stored.ParentId == entry.ParentId && stored.Selectors.ToHashSet().SetEquals(entry.Selectors))
                {
                    return EntryOutcome.Exists(stored);
                }
            }
        }
        catch (Exception unread)
        {
            return EntryOutcome.Of(StoreFailures.Of(unread).ToRefusal());
        }

        return EntryOutcome.Of(StoreFailures.OfEntry(failure).ToRefusal());
    }
}
