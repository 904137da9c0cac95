namespace MeshGrains.Grains;

/// <summary>
/// Registrations, keyed by what must be unique. Every write is a compare-and-swap on the record's revision and carries an operation id:
/// a writer that lost a reply re-reads and takes an id of its own for success. Records are authenticated; a bad tag throws
/// <see cref="RecordTamperedException"/>.
/// </summary>
public interface IRegistrationStore
{
    /// <summary>Entries whose SPIFFE ID is <paramref name="spiffeId"/>; at most a handful.</summary>
    ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesByIdentityAsync(string trustDomain, string spiffeId, CancellationToken cancellationToken);

    /// <summary>Entries under <paramref name="parentId"/> all of whose selectors are among <paramref name="selectors"/>.</summary>
    ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesBySelectorsAsync(
        string trustDomain, string parentId, IReadOnlyCollection<Selector> selectors, CancellationToken cancellationToken);

    /// <summary>
    /// Entries with selectors whose parent is <paramref name="parentId"/>, in order of id, at most <paramref name="limit"/>. Which ones they are where
    /// there are more is the store's own matter. It costs by what is under the parent, not by what there is in all, and shows every write that ended before.
    /// </summary>
    ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesByParentAsync(string trustDomain, string parentId, int limit, CancellationToken cancellationToken);

    ValueTask<RegistrationEntry?> GetEntryAsync(string trustDomain, string entryId, CancellationToken cancellationToken);

    /// <summary>Entries in order of id after <paramref name="afterId"/>, at most <paramref name="limit"/>.</summary>
    ValueTask<IReadOnlyList<RegistrationEntry>> ListEntriesAsync(string trustDomain, string? afterId, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Writes an entry whose revision is one above the stored one (1 for a new one).
    /// Two entries never share identity, parent and selectors.
    /// </summary>
    /// <exception cref="RecordConflictException">The stored revision is another one, or a twin entry exists.</exception>
    ValueTask PutEntryAsync(RegistrationEntry entry, CancellationToken cancellationToken);

    /// <summary>
    /// Writes new entries of one trust domain, each for itself, at less cost than one by one where the store can. What became of each, in their order: null
    /// for one that is written, else what <see cref="PutEntryAsync"/> would have thrown. Those that were not begun when the token ends are failed by it.
    /// </summary>
    async ValueTask<IReadOnlyList<Exception?>> CreateEntriesAsync(IReadOnlyList<RegistrationEntry> entries, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var failures = new Exception?[entries.Count];
        for (var i = 0; i < entries.Count; i++)
        {
            try
            {
                await PutEntryAsync(entries[i], cancellationToken);
            }
            catch (Exception failure)
            {
                failures[i] = failure;
            }
        }

        return failures;
    }

    /// <returns>False when there is no such entry.</returns>
    /// <exception cref="RecordConflictException">The stored revision is not <paramref name="revision"/>.</exception>
    ValueTask<bool> DeleteEntryAsync(string trustDomain, string entryId, long revision, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<RegistrationTemplate>> ListTemplatesAsync(string trustDomain, CancellationToken cancellationToken);

    /// <exception cref="RecordConflictException">The stored revision is another one, or a template of the same source and pattern exists.</exception>
    ValueTask PutTemplateAsync(RegistrationTemplate template, CancellationToken cancellationToken);

    ValueTask<bool> DeleteTemplateAsync(string trustDomain, string templateId, long revision, CancellationToken cancellationToken);
}
