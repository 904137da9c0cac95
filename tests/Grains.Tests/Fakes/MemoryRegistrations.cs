namespace MeshGrains.Grains.Tests;

/// <summary>Registrations in memory, counting the look-ups.</summary>
internal sealed class MemoryRegistrations : IRegistrationStore
{
    public List<RegistrationEntry> Entries { get; } = [];

    public List<RegistrationTemplate> Templates { get; } = [];

    public int Reads { get; private set; }

    public ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesByIdentityAsync(string trustDomain, string spiffeId, CancellationToken cancellationToken) =>
        Answer(Entries.Where(entry => entry.SpiffeId == spiffeId));

    public ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesBySelectorsAsync(
        string trustDomain, string parentId, IReadOnlyCollection<Selector> selectors, CancellationToken cancellationToken) =>
        Answer(Entries.Where(entry => entry.ParentId == parentId && entry.Selectors.All(selectors.Contains)));

    public ValueTask<RegistrationEntry?> GetEntryAsync(string trustDomain, string entryId, CancellationToken cancellationToken)
    {
        Reads++;
        return ValueTask.FromResult(Entries.FirstOrDefault(entry => entry.Id == entryId));
    }

    public ValueTask<IReadOnlyList<RegistrationEntry>> ListEntriesAsync(string trustDomain, string? afterId, int limit, CancellationToken cancellationToken) => Answer(Entries);

    public ValueTask PutEntryAsync(RegistrationEntry entry, CancellationToken cancellationToken)
    {
        Entries.RemoveAll(known => known.Id == entry.Id);
        Entries.Add(entry);
        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> DeleteEntryAsync(string trustDomain, string entryId, long revision, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Entries.RemoveAll(known => known.Id == entryId) > 0);

    public ValueTask<IReadOnlyList<RegistrationTemplate>> ListTemplatesAsync(string trustDomain, CancellationToken cancellationToken)
    {
        Reads++;
        return ValueTask.FromResult<IReadOnlyList<RegistrationTemplate>>([.. Templates]);
    }

    public ValueTask PutTemplateAsync(RegistrationTemplate template, CancellationToken cancellationToken)
    {
        Templates.Add(template);
        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> DeleteTemplateAsync(string trustDomain, string templateId, long revision, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Templates.RemoveAll(known => known.Id == templateId) > 0);

    private ValueTask<IReadOnlyList<RegistrationEntry>> Answer(IEnumerable<RegistrationEntry> entries)
    {
        Reads++;
        return ValueTask.FromResult<IReadOnlyList<RegistrationEntry>>([.. entries]);
    }
}
