using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs.Models;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Entries by id: an empty blob whose metadata names the identity. It is written before the entry is, so one that leads to nothing is no entry. It stays
/// when the entry is deleted, so that no id is given twice: marked before the entry goes, and once more when it is gone and need not be looked for.
/// </summary>
internal sealed class EntryIds(BlobIndex index, int pageSize = EntryIds.PageSize)
{
    public const string IdentityKey = "identity";
    public const string DeletedKey = "deleted";

    private const string Begun = "begun";
    private const string Done = "done";
    private const int PageSize = 5000;

    /// <summary>Takes an id for an identity, or finds it taken for this very identity.</summary>
    /// <param name="renew">Writes one that is there anew, so that nobody removes it by what he saw of it before.</param>
    /// <exception cref="RecordConflictException">It belongs to another identity or to a deleted entry.</exception>
    /// <returns>False when it changed meanwhile: begin again.</returns>
    public async ValueTask<bool> ClaimAsync(string trustDomain, string id, string identity, bool renew, CancellationToken cancellationToken)
    {
        var blob = Blob(trustDomain, id);
        var metadata = new Dictionary<string, string> { [IdentityKey] = identity };
        if (await index.PutAsync(blob, metadata, new BlobRequestConditions { IfNoneMatch = ETag.All }, cancellationToken).ConfigureAwait(false) is not null)
        {
            return true;
        }

        if (await index.FindAsync(blob, cancellationToken).ConfigureAwait(false) is not { } taken)
        {
            return false;
        }

        if (taken.Metadata.ContainsKey(DeletedKey))
        {
            throw new RecordConflictException($"entry/{trustDomain}/{id}", "the id belonged to a deleted registration, and none is given twice; take a new one.");
        }

        if (IdentityOf(taken) != identity)
        {
            throw new RecordConflictException($"entry/{trustDomain}/{id}", "the id belongs to an entry of another SPIFFE ID, and an entry keeps its SPIFFE ID.");
        }

        return !renew
            || await index.PutAsync(blob, metadata, new BlobRequestConditions { IfMatch = taken.ETag }, cancellationToken).ConfigureAwait(false) is not null;
    }

    /// <summary>The hash of the identity whose entry has this id; null when there is none.</summary>
    public async ValueTask<string?> FindAsync(string trustDomain, string id, CancellationToken cancellationToken)
        => EntryIdPath.TryOf(id) is not null && await index.FindAsync(Blob(trustDomain, id), cancellationToken).ConfigureAwait(false) is { } found
            ? IdentityOf(found)
            : null;

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

        // The widest folder around the id that fits a page: most of what comes next lies in it.
        var depth = 0;
        (IReadOnlyList<IndexBlob> Blobs, string? Next) page;
        while ((page = await index.ListAsync(Folder(root, segments, depth), null, pageSize, cancellationToken).ConfigureAwait(false)).Next is not null
            && depth < segments.Length - 1)
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
                if (string.CompareOrdinal(path, after) > 0 && !IsGone(blob) && IdentityOf(blob) is { } identity && EntryIdPath.Parse(path) is { } id)
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
