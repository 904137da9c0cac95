using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs.Models;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Entries by id: an empty blob whose metadata names the identity. It is written before the entry is, so one that leads to nothing is no entry. It stays
/// when the entry is deleted, so that no id is given twice: marked before the entry goes, and once more when it is gone and need not be looked for.
/// Entries that are created together share a blob under their batch's id, which holds their identities; one of them has a blob of its own once it is deleted.
/// </summary>
internal sealed class EntryIds(BlobIndex index, int pageSize = EntryIds.PageSize)
{
    public const string IdentityKey = "identity";
    public const string DeletedKey = "deleted";

    private const string BatchKey = "batch";
    private const string Begun = "begun";
    private const string Done = "done";
    private const int PageSize = 5000;

    /// <summary>Takes the ids of a new batch in one request.</summary>
    /// <exception cref="RecordConflictException">There is such a batch already.</exception>
    public async ValueTask ClaimBatchAsync(
        string trustDomain, string batch, IReadOnlyCollection<(int Number, string Identity)> entries, CancellationToken cancellationToken)
    {
        var content = EntryIdBatch.Write(entries);
        var metadata = new Dictionary<string, string> { [BatchKey] = "1" };
        var absent = new BlobRequestConditions { IfNoneMatch = ETag.All };
        if (await index.PutAsync(Blob(trustDomain, batch), metadata, absent, cancellationToken, content).ConfigureAwait(false) is null
            && (await index.ReadAsync(Blob(trustDomain, batch), cancellationToken).ConfigureAwait(false) is not { } there || !there.AsSpan().SequenceEqual(content)))
        {
            // What is there alike is this write's own first try.
            throw new RecordConflictException($"entries/{trustDomain}/{batch}", "the batch's id is taken; try again.");
        }
    }

    /// <summary>Takes an id for an identity, or finds it taken for this very identity.</summary>
    /// <param name="renew">Writes one that is there anew, so that nobody removes it by what he saw of it before.</param>
    /// <exception cref="RecordConflictException">It belongs to another identity or to a deleted entry.</exception>
    /// <returns>False when it changed meanwhile: begin again.</returns>
    public async ValueTask<bool> ClaimAsync(string trustDomain, string id, string identity, bool renew, CancellationToken cancellationToken)
    {
        var blob = Blob(trustDomain, id);
        if (EntryBatchId.TryParse(id, out _, out _))
        {
            // What is not in its batch would not be listed.
            var owner = await FindInBatchAsync(trustDomain, id, cancellationToken).ConfigureAwait(false);
            RequireFree(trustDomain, id, identity, owner, owner is not null && await index.FindAsync(blob, cancellationToken).ConfigureAwait(false) is not null);
            return true;
        }

        var metadata = new Dictionary<string, string> { [IdentityKey] = identity };
        if (await index.PutAsync(blob, metadata, new BlobRequestConditions { IfNoneMatch = ETag.All }, cancellationToken).ConfigureAwait(false) is not null)
        {
            return true;
        }

        if (await index.FindAsync(blob, cancellationToken).ConfigureAwait(false) is not { } taken)
        {
            return false;
        }

        RequireFree(trustDomain, id, identity, IdentityOf(taken), taken.Metadata.ContainsKey(DeletedKey));
        return !renew
            || await index.PutAsync(blob, metadata, new BlobRequestConditions { IfMatch = taken.ETag }, cancellationToken).ConfigureAwait(false) is not null;
    }

    /// <summary>The hash of the identity whose entry has this id; null when there is none.</summary>
    public async ValueTask<string?> FindAsync(string trustDomain, string id, CancellationToken cancellationToken)
        => await FindInBatchAsync(trustDomain, id, cancellationToken).ConfigureAwait(false)
            ?? (EntryIdPath.TryOf(id) is not null && await index.FindAsync(Blob(trustDomain, id), cancellationToken).ConfigureAwait(false) is { } found
                ? IdentityOf(found)
                : null);

    /// <summary>Marks an id as used up: before its entry goes, and when it is gone.</summary>
    public ValueTask<ETag?> EndAsync(string trustDomain, string id, string identity, bool isGone, CancellationToken cancellationToken)
        => index.PutAsync(
            Blob(trustDomain, id), new Dictionary<string, string> { [IdentityKey] = identity, [DeletedKey] = isGone ? Done : Begun }, null, cancellationToken);

    /// <summary>All ids after one, in order, those of entries that are gone left out. Folders of ids are listed as they are needed, never those before.</summary>
    public async IAsyncEnumerable<IndexedEntry> AfterAsync(
        string trustDomain, string? afterId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var root = Root(trustDomain);
        if (string.IsNullOrEmpty(afterId))
        {
            await foreach (var entry in UnderAsync(root, root, "", null, cancellationToken).ConfigureAwait(false))
            {
                yield return entry;
            }

            yield break;
        }

        var after = EntryIdPath.Of(afterId);
        var segments = after.Split('/');

        // The widest folder around the id that fits a page: most of what comes next lies in it. A batch's folder has the batch's own blob in it.
        var depth = 0;
        var deepest = EntryBatchId.TryParse(afterId, out _, out _) ? EntryBatchId.BatchChars / 2 : segments.Length - 1;
        (IReadOnlyList<IndexBlob> Blobs, string? Next) page;
        while ((page = await index.ListAsync(Folder(root, segments, depth), null, pageSize, cancellationToken).ConfigureAwait(false)).Next is not null
            && depth < deepest)
        {
            depth++;
        }

        await foreach (var entry in UnderAsync(root, Folder(root, segments, depth), after, page, cancellationToken).ConfigureAwait(false))
        {
            yield return entry;
        }

        while (--depth >= 0)
        {
            var folder = Folder(root, segments, depth);
            foreach (var child in await index.ChildrenAsync(folder, cancellationToken).ConfigureAwait(false))
            {
                if (string.CompareOrdinal(child[folder.Length..].TrimEnd('/'), segments[depth]) > 0)
                {
                    await foreach (var entry in UnderAsync(root, child, "", null, cancellationToken).ConfigureAwait(false))
                    {
                        yield return entry;
                    }
                }
            }
        }
    }

    private static string Root(string trustDomain) => $"registrations/ids/{trustDomain}/";

    private static string Blob(string trustDomain, string id) => Root(trustDomain) + EntryIdPath.Of(id);

    private static string Folder(string root, string[] segments, int depth) => root + string.Concat(segments.Take(depth).Select(segment => segment + "/"));

    private static string? IdentityOf(IndexBlob blob) => blob.Metadata.TryGetValue(IdentityKey, out var hash) && IdentityBlobs.IsHash(hash) ? hash : null;

    private static bool IsGone(IndexBlob blob) => blob.Metadata.TryGetValue(DeletedKey, out var state) && state == Done;

    private static bool IsBatch(IndexBlob blob) => blob.Metadata.ContainsKey(BatchKey);

    private static void RequireFree(string trustDomain, string id, string identity, string? owner, bool isDeleted)
    {
        if (isDeleted)
        {
            throw new RecordConflictException($"entry/{trustDomain}/{id}", "the id belonged to a deleted registration, and none is given twice; take a new one.");
        }

        if (owner != identity)
        {
            throw new RecordConflictException($"entry/{trustDomain}/{id}", "the id belongs to an entry of another SPIFFE ID, and an entry keeps its SPIFFE ID; or to a batch that does not have it.");
        }
    }

    private async ValueTask<string?> FindInBatchAsync(string trustDomain, string id, CancellationToken cancellationToken)
        => EntryBatchId.TryParse(id, out var batch, out var number) && await index.ReadAsync(Blob(trustDomain, batch), cancellationToken).ConfigureAwait(false) is { } bytes
            ? EntryIdBatch.Read(bytes).GetValueOrDefault(number)
            : null;

    /// <summary>The ids of one batch after one, those that are gone left out: what it holds, and what lies beside it of those that were deleted.</summary>
    private async IAsyncEnumerable<IndexedEntry> InBatchAsync(
        string root, IndexBlob blob, string after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = blob.Name[root.Length..];
        var folder = path[..(path.LastIndexOf('/') + 1)];
        if (EntryIdPath.Parse(path) is not { Length: EntryBatchId.BatchChars } batch
            || (string.CompareOrdinal(path, after) < 0 && !after.StartsWith(folder, StringComparison.Ordinal))
            || await index.ReadAsync(blob.Name, cancellationToken).ConfigureAwait(false) is not { } bytes)
        {
            yield break;
        }

        var ended = new HashSet<string>(StringComparer.Ordinal);
        string? next = null;
        do
        {
            (var page, next) = await index.ListAsync(root + folder, next, pageSize, cancellationToken).ConfigureAwait(false);
            ended.UnionWith(page.Where(IsGone).Select(own => own.Name[root.Length..]));
        }
        while (next is not null);

        foreach (var (number, identity) in EntryIdBatch.Read(bytes))
        {
            var id = EntryBatchId.Of(batch, number);
            var own = EntryIdPath.Of(id);
            if (string.CompareOrdinal(own, after) > 0 && !ended.Contains(own))
            {
                yield return new IndexedEntry(id, identity, IsEnding: false, null);
            }
        }
    }

    private async IAsyncEnumerable<IndexedEntry> UnderAsync(
        string root, string prefix, string after, (IReadOnlyList<IndexBlob> Blobs, string? Next)? first,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var page = first ?? await index.ListAsync(prefix, null, pageSize, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            foreach (var blob in page.Blobs)
            {
                var path = blob.Name[root.Length..];
                if (IsBatch(blob))
                {
                    await foreach (var entry in InBatchAsync(root, blob, after, cancellationToken).ConfigureAwait(false))
                    {
                        yield return entry;
                    }
                }
                else if (string.CompareOrdinal(path, after) > 0 && !IsGone(blob) && IdentityOf(blob) is { } identity && EntryIdPath.Parse(path) is { } id
                    && !EntryBatchId.TryParse(id, out _, out _))
                {
                    yield return new IndexedEntry(id, identity, blob.Metadata.ContainsKey(DeletedKey), blob);
                }
            }

            if (page.Next is null)
            {
                yield break;
            }

            page = await index.ListAsync(prefix, page.Next, pageSize, cancellationToken).ConfigureAwait(false);
        }
    }
}
