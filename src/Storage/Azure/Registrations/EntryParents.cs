using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Identities by a parent and the one selector that leads to their entries: an empty blob named by both hashes. Entries of one identity share it.
/// Where identities come from templates alone, their parent has none at all, and one look a second tells that for all callers.
/// </summary>
internal sealed class EntryParents(BlobIndex index, TimeProvider time)
{
    private static readonly TimeSpan LookAge = TimeSpan.FromSeconds(1);

    private readonly SharedReads<bool> _any = new(LookAge, time);

    private const int MaxIdentities = 4096;
    private const int PageSize = 1000;

    /// <summary>Null for an entry without selectors, which is found by id or identity alone.</summary>
    public static string? Blob(RegistrationEntry entry)
        => entry.Selectors.IsEmpty ? null : Folder(entry.TrustDomain, entry.ParentId, RegistrationKeys.Lead(entry)) + IdentityBlobs.HashOf(entry.SpiffeId);

    /// <summary>Whether the parent has any entries, or leftovers of some. Another silo's first entry is seen within a second.</summary>
    public ValueTask<bool> AnyAsync(string trustDomain, string parent, CancellationToken cancellationToken)
    {
        var folder = Folder(trustDomain, parent);
        return _any.ReadAsync(
            folder,
            async () => await index.ListAsync(folder, null, 1, CancellationToken.None).ConfigureAwait(false) is var (found, next) && (found.Count > 0 || next is not null),
            cancellationToken);
    }

    /// <summary>After an entry's blob was written.</summary>
    public void Changed(RegistrationEntry entry) => _any.Forget(Folder(entry.TrustDomain, entry.ParentId));

    /// <summary>Identities that may have an entry under the parent led to by the selector.</summary>
    public async ValueTask<IReadOnlyList<(string Identity, IndexBlob Blob)>> FindAsync(
        string trustDomain, string parent, string selector, CancellationToken cancellationToken)
    {
        var folder = Folder(trustDomain, parent, selector);
        var found = new List<(string, IndexBlob)>();
        string? next = null;
        do
        {
            (var page, next) = await index.ListAsync(folder, next, PageSize, cancellationToken).ConfigureAwait(false);
            found.AddRange(page.Where(blob => IdentityBlobs.IsHash(blob.Name[folder.Length..])).Select(blob => (blob.Name[folder.Length..], blob)));
            if (found.Count > MaxIdentities)
            {
                throw new InvalidOperationException(
                    $"More than {MaxIdentities} identities have entries under {parent} whose longest selector is {selector}; give them longer, more telling selectors, or use a template.");
            }
        }
        while (next is not null);

        return found;
    }

    /// <summary>
    /// Identities that may have an entry under the parent, whatever leads to them, at most <paramref name="limit"/>: the first in the order of the index.
    /// Listed anew each time: who asks was told that something changed.
    /// </summary>
    public async ValueTask<IReadOnlyList<string>> FindAllAsync(string trustDomain, string parent, int limit, CancellationToken cancellationToken)
    {
        var folder = Folder(trustDomain, parent);
        var found = new HashSet<string>(StringComparer.Ordinal);
        string? next = null;
        do
        {
            (var page, next) = await index.ListAsync(folder, next, PageSize, cancellationToken).ConfigureAwait(false);
            foreach (var name in page.Select(blob => blob.Name[(blob.Name.LastIndexOf('/') + 1)..]).Where(IdentityBlobs.IsHash))
            {
                if (found.Count < limit)
                {
                    found.Add(name);
                }
            }
        }
        while (next is not null && found.Count < limit);

        return [.. found];
    }

    private static string Folder(string trustDomain, string parent) => $"registrations/parents/{trustDomain}/{RegistrationKeys.Digest([parent])}/";

    private static string Folder(string trustDomain, string parent, string selector)
        => $"{Folder(trustDomain, parent)}{RegistrationKeys.Digest([selector])}/";
}
