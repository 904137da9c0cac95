using MeshGrains.Grains;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Storage;

/// <summary>
/// Entries: the identity's blob is the truth, the index blobs only lead to it. A writer reads the identity, writes the index, then swaps the identity.
/// Whoever takes an index blob away swaps the identity first, so that a writer who counted on that blob loses and writes it anew; and he takes away
/// only the blob that he saw. So no entry is ever without its index, however late a stale writer comes.
/// </summary>
internal sealed partial class EntryBlobs(
    IdentityBlobs identities, EntryIds ids, EntryParents parents, BlobIndex index, TimeProvider time, ILogger<EntryBlobs> logger)
{
    private const int Attempts = 20;
    private const int MaxEntriesPerIdentity = 256;
    private const int MaxParallel = 16;

    /// <summary>An index blob that leads to nothing is left alone for this long: mostly its entry is about to be written.</summary>
    private static readonly TimeSpan LeftoverAge = TimeSpan.FromHours(1);

    public async ValueTask<IReadOnlyList<RegistrationEntry>> FindByIdentityAsync(string trustDomain, string spiffeId, CancellationToken cancellationToken)
        => (await identities.ReadAsync(trustDomain, IdentityBlobs.HashOf(spiffeId), cancellationToken).ConfigureAwait(false)).Identity.Entries;

    public async ValueTask<RegistrationEntry?> GetAsync(string trustDomain, string id, CancellationToken cancellationToken)
        => await ids.FindAsync(trustDomain, id, cancellationToken).ConfigureAwait(false) is { } hash
            ? (await identities.ReadAsync(trustDomain, hash, cancellationToken).ConfigureAwait(false)).Identity.Find(id)
            : null;

    public async ValueTask<IReadOnlyList<RegistrationEntry>> FindBySelectorsAsync(
        string trustDomain, string parentId, IReadOnlyCollection<Selector> selectors, CancellationToken cancellationToken)
    {
        if (!await parents.AnyAsync(trustDomain, parentId, cancellationToken).ConfigureAwait(false))
        {
            return [];
        }

        var given = selectors.ToHashSet();
        var led = await SelectAsync([.. given], selector => parents.FindAsync(trustDomain, parentId, selector.ToString(), cancellationToken), cancellationToken)
            .ConfigureAwait(false);
        var candidates = led.SelectMany(found => found).ToList();
        var read = await ReadAsync(trustDomain, candidates.Select(candidate => candidate.Identity), cancellationToken).ConfigureAwait(false);
        var leftover = candidates.FirstOrDefault(candidate => read[candidate.Identity].Identity.Entries.All(entry => EntryParents.Blob(entry) != candidate.Blob.Name));
        if (leftover.Blob is not null)
        {
            await SweepAsync(
                trustDomain, leftover.Identity, leftover.Blob,
                identity => identity.Entries.Any(entry => EntryParents.Blob(entry) == leftover.Blob.Name), cancellationToken).ConfigureAwait(false);
        }

        return
        [
            .. read.Values.SelectMany(found => found.Identity.Entries)
                .Where(entry => entry.ParentId == parentId && !entry.Selectors.IsEmpty && entry.Selectors.All(given.Contains))
                .OrderBy(entry => entry.Id, StringComparer.Ordinal),
        ];
    }

    public async ValueTask<IReadOnlyList<RegistrationEntry>> FindByParentAsync(
        string trustDomain, string parentId, int limit, CancellationToken cancellationToken)
    {
        var hashes = await parents.FindAllAsync(trustDomain, parentId, limit, cancellationToken).ConfigureAwait(false);
        var read = await ReadAsync(trustDomain, hashes, cancellationToken).ConfigureAwait(false);
        return
        [
            .. read.Values.SelectMany(found => found.Identity.Entries)
                .Where(entry => entry.ParentId == parentId && !entry.Selectors.IsEmpty)
                .OrderBy(entry => entry.Id, StringComparer.Ordinal)
                .Take(limit),
        ];
    }

    public async ValueTask<IReadOnlyList<RegistrationEntry>> ListAsync(string trustDomain, string? afterId, int limit, CancellationToken cancellationToken)
    {
        var (listed, batch) = (new List<RegistrationEntry>(), new List<IndexedEntry>());
        IndexedEntry? leftover = null;
        await foreach (var indexed in ids.AfterAsync(trustDomain, afterId, cancellationToken).ConfigureAwait(false))
        {
            batch.Add(indexed);
            if (listed.Count + batch.Count == limit)
            {
                leftover = await TakeAsync().ConfigureAwait(false) ?? leftover;
                if (listed.Count == limit)
                {
                    break;
                }
            }
        }

        leftover = await TakeAsync().ConfigureAwait(false) ?? leftover;
        if (leftover is { IsEnding: true })
        {
            await TidyAsync(leftover.Id, async () => await ids.EndAsync(trustDomain, leftover.Id, leftover.Identity, isGone: true, cancellationToken).ConfigureAwait(false))
                .ConfigureAwait(false);
        }
        else if (leftover?.Blob is { } unused)
        {
            await SweepAsync(trustDomain, leftover.Identity, unused, identity => identity.Find(leftover.Id) is not null, cancellationToken).ConfigureAwait(false);
        }

        return listed;

        async ValueTask<IndexedEntry?> TakeAsync()
        {
            var read = await ReadAsync(trustDomain, batch.Select(entry => entry.Identity), cancellationToken).ConfigureAwait(false);
            listed.AddRange(batch.Select(entry => read[entry.Identity].Identity.Find(entry.Id)).OfType<RegistrationEntry>());
            var missing = batch.FirstOrDefault(entry => entry.Blob is not null && read[entry.Identity].Identity.Find(entry.Id) is null);
            batch.Clear();
            return missing;
        }
    }

    /// <summary>New entries, each for itself: their ids in one request for each batch, their identities side by side.</summary>
    public async ValueTask<IReadOnlyList<Exception?>> CreateAsync(IReadOnlyList<RegistrationEntry> entries, CancellationToken cancellationToken)
    {
        var failures = new Exception?[entries.Count];
        var batched = entries.Select((entry, index) => (Entry: entry, Index: index, Batch: EntryBatchId.TryParse(entry.Id, out var batch, out var number) ? batch : "", Number: number))
            .Where(one => one.Batch.Length > 0).GroupBy(one => (one.Entry.TrustDomain, one.Batch));
        var claimed = new bool[entries.Count];
        foreach (var batch in batched)
        {
            try
            {
                await ids.ClaimBatchAsync(
                    batch.Key.TrustDomain, batch.Key.Batch, [.. batch.Select(one => (one.Number, IdentityBlobs.HashOf(one.Entry.SpiffeId)))], cancellationToken).ConfigureAwait(false);
                foreach (var one in batch)
                {
                    claimed[one.Index] = true;
                }
            }
            catch (Exception failure)
            {
                foreach (var one in batch)
                {
                    failures[one.Index] = failure;
                }
            }
        }

        // Entries of one identity lie in one blob: side by side they would only hold each other up.
        var identities = Enumerable.Range(0, entries.Count).Where(i => failures[i] is null).GroupBy(i => entries[i].SpiffeId, StringComparer.Ordinal).ToList();
        await SelectAsync(
            identities,
            async own =>
            {
                foreach (var i in own)
                {
                    try
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        await PutAsync(entries[i], cancellationToken, claimed[i]).ConfigureAwait(false);
                    }
                    catch (Exception failure)
                    {
                        failures[i] = failure;
                    }
                }

                return true;
            },
            CancellationToken.None).ConfigureAwait(false);
        return failures;
    }

    /// <param name="entry">Of the revision after the stored one.</param>
    /// <param name="cancellationToken">Ends the write; whether it took place is not known then.</param>
    /// <param name="claimed">Its id was taken for it, just now and for nobody else.</param>
    /// <exception cref="RecordConflictException">The stored revision is another one, or a twin exists.</exception>
    public async ValueTask PutAsync(RegistrationEntry entry, CancellationToken cancellationToken, bool claimed = false)
    {
        var key = Key(entry.TrustDomain, entry.Id);
        if (EntryIdPath.TryOf(entry.Id) is null)
        {
            throw new ArgumentException($"An entry's id has 1 to {EntryIdPath.MaxIdBytes} bytes of UTF-8 without a zero; take another id.", nameof(entry));
        }

        var hash = IdentityBlobs.HashOf(entry.SpiffeId);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            // Most new entries are their identity's first: they are written without a look, and a lost swap tells when that was wrong.
            var unseen = attempt == 0 && entry.Revision == 1 && !identities.HasSeen(entry.TrustDomain, hash);
            var (record, stored) = unseen
                ? (null, StoredIdentity.Empty)
                : await identities.ReadAsync(entry.TrustDomain, hash, cancellationToken).ConfigureAwait(false);
            var before = stored.Find(entry.Id);
            if ((before?.Revision ?? 0) != entry.Revision - 1)
            {
                throw new RecordConflictException(key, $"the stored revision is {before?.Revision ?? 0}, not {entry.Revision - 1}.");
            }

            RequirePlace(key, stored, entry);
            // After a write that failed the id may be in use, and even used up: then it is looked after.
            if (before is null && !(claimed && attempt == 0) && !await ids.ClaimAsync(entry.TrustDomain, entry.Id, hash, renew: !unseen, cancellationToken).ConfigureAwait(false))
            {
                continue;
            }

            var (lead, next) = (EntryParents.Blob(entry), stored.With(entry));
            if (lead is not null && (before is null || EntryParents.Blob(before) != lead))
            {
                await index.PutAsync(lead, null, null, cancellationToken).ConfigureAwait(false);
                parents.Changed(entry);
            }

            var unused = await UnusedLeadAsync(before, next, cancellationToken).ConfigureAwait(false);
            if (await identities.TryWriteAsync(entry.TrustDomain, hash, record, next, cancellationToken).ConfigureAwait(false))
            {
                await RemoveAsync(unused, cancellationToken).ConfigureAwait(false);
                return;
            }
        }

        throw new RecordConflictException(key, "others keep changing the entries of this SPIFFE ID; try again.");
    }

    /// <returns>False when there is none.</returns>
    /// <exception cref="RecordConflictException">The stored revision is another one.</exception>
    public async ValueTask<bool> DeleteAsync(string trustDomain, string id, long revision, CancellationToken cancellationToken)
    {
        if (await ids.FindAsync(trustDomain, id, cancellationToken).ConfigureAwait(false) is not { } hash)
        {
            return false;
        }

        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var (record, stored) = await identities.ReadAsync(trustDomain, hash, cancellationToken).ConfigureAwait(false);
            if (stored.Find(id) is not { } entry)
            {
                // Gone after a write of ours failed: it may be that write which took it.
                return attempt > 0;
            }

            if (entry.Revision != revision)
            {
                throw new RecordConflictException(Key(trustDomain, id), $"the stored revision is {entry.Revision}, not {revision}.");
            }

            // The id is used up first: a crash then leaves an entry that can be deleted again, not an id that can be given again.
            await ids.EndAsync(trustDomain, id, hash, isGone: false, cancellationToken).ConfigureAwait(false);
            var next = stored.Without(id);
            var unused = await UnusedLeadAsync(entry, next, cancellationToken).ConfigureAwait(false);
            if (await identities.TryWriteAsync(trustDomain, hash, record, next, cancellationToken).ConfigureAwait(false))
            {
                await TidyAsync(id, async () => await ids.EndAsync(trustDomain, id, hash, isGone: true, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
                await RemoveAsync(unused, cancellationToken).ConfigureAwait(false);
                return true;
            }
        }

        throw new RecordConflictException(Key(trustDomain, id), "others keep changing the entries of this SPIFFE ID; try again.");
    }

    private static string Key(string trustDomain, string id) => $"entry/{trustDomain}/{id}";

    private static void RequirePlace(string key, StoredIdentity stored, RegistrationEntry entry)
    {
        var others = stored.Entries.Where(other => other.Id != entry.Id).ToList();
        if (others.Any(other => RegistrationKeys.Twin(other) == RegistrationKeys.Twin(entry)))
        {
            throw new RecordConflictException(key, "an entry of the same identity, parent and selectors exists.");
        }

        if (others.Count >= MaxEntriesPerIdentity)
        {
            throw new RecordConflictException(key, $"{entry.SpiffeId} has {MaxEntriesPerIdentity} entries already; delete some.");
        }
    }

    private static async ValueTask<TResult[]> SelectAsync<T, TResult>(
        List<T> items, Func<T, ValueTask<TResult>> select, CancellationToken cancellationToken)
    {
        var results = new TResult[items.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxParallel, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, items.Count, options, async (i, _) => results[i] = await select(items[i]).ConfigureAwait(false)).ConfigureAwait(false);
        return results;
    }

    private async ValueTask<Dictionary<string, (BlobRecord? Record, StoredIdentity Identity)>> ReadAsync(
        string trustDomain, IEnumerable<string> hashes, CancellationToken cancellationToken)
    {
        var distinct = hashes.Distinct(StringComparer.Ordinal).ToList();
        var read = await SelectAsync(distinct, hash => identities.ReadAsync(trustDomain, hash, cancellationToken), cancellationToken).ConfigureAwait(false);
        return distinct.Zip(read).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
    }

    /// <summary>The index blob that only the entry before needed, as it is before the swap.</summary>
    private async ValueTask<IndexBlob?> UnusedLeadAsync(RegistrationEntry? before, StoredIdentity next, CancellationToken cancellationToken)
        => before is not null && EntryParents.Blob(before) is { } lead && next.Entries.All(entry => EntryParents.Blob(entry) != lead)
            ? await index.FindAsync(lead, cancellationToken).ConfigureAwait(false)
            : null;

    private async ValueTask RemoveAsync(IndexBlob? unused, CancellationToken cancellationToken)
    {
        if (unused is not null)
        {
            await TidyAsync(unused.Name, async () => await index.RemoveAsync(unused.Name, unused.ETag, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    /// <summary>What comes after a change that is done: a failure here leaves a leftover for who meets it, and is no failure of the change.</summary>
    private async ValueTask TidyAsync(string name, Func<Task> tidy)
    {
        try
        {
            await tidy().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is BlobStoreException or OperationCanceledException)
        {
            LogLeftover(logger, name, failure.Message);
        }
    }

    /// <summary>Takes away an index blob that leads to nothing. The empty swap before it makes every writer who may count on it begin again.</summary>
    private async ValueTask SweepAsync(
        string trustDomain, string hash, IndexBlob leftover, Func<StoredIdentity, bool> uses, CancellationToken cancellationToken)
    {
        if (time.GetUtcNow() - leftover.LastModified < LeftoverAge)
        {
            return;
        }

        await TidyAsync(leftover.Name, async () =>
        {
            var (record, stored) = await identities.ReadAsync(trustDomain, hash, cancellationToken).ConfigureAwait(false);
            if (!uses(stored) && await identities.TryWriteAsync(trustDomain, hash, record, stored, cancellationToken).ConfigureAwait(false)
                && await index.RemoveAsync(leftover.Name, leftover.ETag, cancellationToken).ConfigureAwait(false))
            {
                LogSwept(logger, leftover.Name);
            }
        }).ConfigureAwait(false);
    }

    [LoggerMessage(EventId = 231, Level = LogLevel.Information, Message = "Swept the index blob {Name}, which a write that did not finish had left.")]
    private static partial void LogSwept(ILogger logger, string name);

    [LoggerMessage(EventId = 232, Level = LogLevel.Information, Message = "The index of registrations could not be tidied at {Name}; who meets it next will: {Reason}")]
    private static partial void LogLeftover(ILogger logger, string name, string reason);
}
