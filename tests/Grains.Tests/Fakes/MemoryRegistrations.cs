namespace MeshGrains.Grains.Tests;

/// <summary>Registrations in memory with compare-and-swap by revision and faults, counting the look-ups.</summary>
internal sealed class MemoryRegistrations(Faults? faults = null) : IRegistrationStore
{
    private readonly Lock _gate = new();
    private readonly Faults _faults = faults ?? new Faults();

    public List<RegistrationEntry> Entries { get; } = [];

    public List<RegistrationTemplate> Templates { get; } = [];

    public int Reads { get; private set; }

    public int Writes { get; private set; }

    /// <summary>Thrown by every read when set.</summary>
    public Exception? Unreadable { get; set; }

    public ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesByIdentityAsync(string trustDomain, string spiffeId, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<RegistrationEntry>>(() => [.. Entries.Where(entry => entry.SpiffeId == spiffeId)]);

    public ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesBySelectorsAsync(
        string trustDomain, string parentId, IReadOnlyCollection<Selector> selectors, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<RegistrationEntry>>(() => [.. Entries.Where(entry => entry.ParentId == parentId && entry.Selectors.All(selectors.Contains))]);

    public ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesByParentAsync(
        string trustDomain, string parentId, int limit, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<RegistrationEntry>>(() =>
        [
            .. Entries.Where(entry => entry.ParentId == parentId && !entry.Selectors.IsEmpty).OrderBy(entry => entry.Id, StringComparer.Ordinal).Take(limit),
        ]);

    public ValueTask<RegistrationEntry?> GetEntryAsync(string trustDomain, string entryId, CancellationToken cancellationToken) =>
        ReadAsync(() => Entries.FirstOrDefault(entry => entry.Id == entryId));

    public ValueTask<IReadOnlyList<RegistrationEntry>> ListEntriesAsync(string trustDomain, string? afterId, int limit, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<RegistrationEntry>>(() =>
        [
            .. Entries.Where(entry => entry.TrustDomain == trustDomain && (afterId is null || string.CompareOrdinal(entry.Id, afterId) > 0))
                .OrderBy(entry => entry.Id, StringComparer.Ordinal).Take(limit),
        ]);

    public async ValueTask PutEntryAsync(RegistrationEntry entry, CancellationToken cancellationToken) =>
        await WriteAsync("entry.put", () => Put(Entries, entry, known => known.Id, known => known.Revision));

    public async ValueTask<bool> DeleteEntryAsync(string trustDomain, string entryId, long revision, CancellationToken cancellationToken) =>
        await WriteAsync("entry.delete", () => Entries.RemoveAll(known => known.Id == entryId && Expect(known.Revision, revision)) > 0);

    public ValueTask<IReadOnlyList<RegistrationTemplate>> ListTemplatesAsync(string trustDomain, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<RegistrationTemplate>>(() => [.. Templates]);

    public async ValueTask PutTemplateAsync(RegistrationTemplate template, CancellationToken cancellationToken) =>
        await WriteAsync("template.put", () => Put(Templates, template, known => known.Id, known => known.Revision));

    public async ValueTask<bool> DeleteTemplateAsync(string trustDomain, string templateId, long revision, CancellationToken cancellationToken) =>
        await WriteAsync("template.delete", () => Templates.RemoveAll(known => known.Id == templateId && Expect(known.Revision, revision)) > 0);

    private static bool Put<T>(List<T> records, T next, Func<T, string> id, Func<T, long> revision)
    {
        var stored = records.FindIndex(known => id(known) == id(next));
        Expect(stored < 0 ? 0 : revision(records[stored]), revision(next) - 1);
        if (stored < 0)
        {
            records.Add(next);
        }
        else
        {
            records[stored] = next;
        }

        return true;
    }

    private static bool Expect(long stored, long expected) => stored == expected
        ? true
        : throw new RecordConflictException("registration", $"the stored revision is {stored}, not {expected}.");

    private Task<T> WriteAsync<T>(string step, Func<T> write) => _faults.StepAsync(step, () =>
    {
        lock (_gate)
        {
            var result = write();
            Writes++;
            return Task.FromResult(result);
        }
    });

    private ValueTask<T> ReadAsync<T>(Func<T> read)
    {
        lock (_gate)
        {
            Reads++;
            return Unreadable is null ? ValueTask.FromResult(read()) : throw Unreadable;
        }
    }
}
