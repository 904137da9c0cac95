using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>Entries and templates on blobs.</summary>
internal sealed class BlobRegistrationStore(EntryBlobs entries, TemplateBlobs templates) : IRegistrationStore
{
    public ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesByIdentityAsync(
        string trustDomain, string spiffeId, CancellationToken cancellationToken)
        => entries.FindByIdentityAsync(trustDomain, spiffeId, cancellationToken);

    public ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesBySelectorsAsync(
        string trustDomain, string parentId, IReadOnlyCollection<Selector> selectors, CancellationToken cancellationToken)
        => entries.FindBySelectorsAsync(trustDomain, parentId, selectors, cancellationToken);

    public ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesByParentAsync(
        string trustDomain, string parentId, int limit, CancellationToken cancellationToken)
        => limit > 0 ? entries.FindByParentAsync(trustDomain, parentId, limit, cancellationToken) : ValueTask.FromResult<IReadOnlyList<RegistrationEntry>>([]);

    public ValueTask<RegistrationEntry?> GetEntryAsync(string trustDomain, string entryId, CancellationToken cancellationToken)
        => entries.GetAsync(trustDomain, entryId, cancellationToken);

    public ValueTask<IReadOnlyList<RegistrationEntry>> ListEntriesAsync(
        string trustDomain, string? afterId, int limit, CancellationToken cancellationToken)
        => limit > 0 ? entries.ListAsync(trustDomain, afterId, limit, cancellationToken) : ValueTask.FromResult<IReadOnlyList<RegistrationEntry>>([]);

    public ValueTask PutEntryAsync(RegistrationEntry entry, CancellationToken cancellationToken)
        => entries.PutAsync(StoredEntry.Of(entry), cancellationToken);

    public ValueTask<IReadOnlyList<Exception?>> CreateEntriesAsync(IReadOnlyList<RegistrationEntry> created, CancellationToken cancellationToken)
        => entries.CreateAsync([.. created.Select(StoredEntry.Of)], cancellationToken);

    public ValueTask<bool> DeleteEntryAsync(string trustDomain, string entryId, long revision, CancellationToken cancellationToken)
        => entries.DeleteAsync(trustDomain, entryId, revision, cancellationToken);

    public ValueTask<IReadOnlyList<RegistrationTemplate>> ListTemplatesAsync(string trustDomain, CancellationToken cancellationToken)
        => templates.ListAsync(trustDomain, cancellationToken);

    public ValueTask PutTemplateAsync(RegistrationTemplate template, CancellationToken cancellationToken)
        => templates.PutAsync(template, cancellationToken);

    public ValueTask<bool> DeleteTemplateAsync(string trustDomain, string templateId, long revision, CancellationToken cancellationToken)
        => templates.DeleteAsync(trustDomain, templateId, revision, cancellationToken);
}
