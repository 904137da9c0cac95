using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Harness;

/// <summary>Registrations in memory; the grains of <see cref="FakeGrains"/> write here.</summary>
internal sealed class FakeRegistrations : IRegistrationStore, IJoinTokenService
{
    public SortedDictionary<string, RegistrationEntry> Entries { get; } = new(StringComparer.Ordinal);

    /// <summary>Thrown by every write of an entry when set.</summary>
    public Exception? Failing { get; set; }

    public SortedDictionary<string, RegistrationTemplate> Templates { get; } = new(StringComparer.Ordinal);

    public ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesByIdentityAsync(string trustDomain, string spiffeId, CancellationToken cancellationToken)
        => ValueTask.FromResult<IReadOnlyList<RegistrationEntry>>([.. Entries.Values.Where(entry => entry.SpiffeId == spiffeId)]);

    public ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesBySelectorsAsync(
        string trustDomain, string parentId, IReadOnlyCollection<Selector> selectors, CancellationToken cancellationToken)
        => ValueTask.FromResult<IReadOnlyList<RegistrationEntry>>([]);

    public ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesByParentAsync(
        string trustDomain, string parentId, int limit, CancellationToken cancellationToken)
        => ValueTask.FromResult<IReadOnlyList<RegistrationEntry>>(
            [.. Entries.Values.Where(entry => entry.ParentId == parentId && !entry.Selectors.IsEmpty).Take(limit)]);

    public ValueTask<RegistrationEntry?> GetEntryAsync(string trustDomain, string entryId, CancellationToken cancellationToken)
        => ValueTask.FromResult(Entries.GetValueOrDefault(entryId));

    public ValueTask<IReadOnlyList<RegistrationEntry>> ListEntriesAsync(string trustDomain, string? afterId, int limit, CancellationToken cancellationToken)
        => ValueTask.FromResult<IReadOnlyList<RegistrationEntry>>(
            [.. Entries.Values.Where(entry => afterId is null || string.CompareOrdinal(entry.Id, afterId) > 0).Take(limit)]);

    public ValueTask PutEntryAsync(RegistrationEntry entry, CancellationToken cancellationToken)
    {
        var stored = Entries.GetValueOrDefault(entry.Id)?.Revision ?? 0;
        if (stored != entry.Revision - 1)
        {
            throw new RecordConflictException(entry.Id, "another revision");
        }

        if (Failing is { } failure)
        {
            throw failure;
        }

        if (Entries.Values.Any(other => other.Id != entry.Id && (other.SpiffeId, other.ParentId) == (entry.SpiffeId, entry.ParentId) && other.Selectors.SequenceEqual(entry.Selectors)))
        {
            throw new RecordConflictException(entry.Id, "a twin exists");
        }

        Entries[entry.Id] = entry;
        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> DeleteEntryAsync(string trustDomain, string entryId, long revision, CancellationToken cancellationToken)
        => ValueTask.FromResult(Entries.Remove(entryId));

    public ValueTask<IReadOnlyList<RegistrationTemplate>> ListTemplatesAsync(string trustDomain, CancellationToken cancellationToken)
        => ValueTask.FromResult<IReadOnlyList<RegistrationTemplate>>([.. Templates.Values]);

    public ValueTask PutTemplateAsync(RegistrationTemplate template, CancellationToken cancellationToken)
    {
        var stored = Templates.GetValueOrDefault(template.Id)?.Revision ?? 0;
        if (stored != template.Revision - 1)
        {
            throw new RecordConflictException(template.Id, "another revision");
        }

        Templates[template.Id] = template;
        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> DeleteTemplateAsync(string trustDomain, string templateId, long revision, CancellationToken cancellationToken)
        => ValueTask.FromResult(Templates.Remove(templateId));

    public ValueTask<(string Value, JoinToken Token)> CreateAsync(string entryId, TimeSpan ttl, string createdBy, CancellationToken cancellationToken)
        => ValueTask.FromResult(("mgj_secret", new JoinToken("hash", "mesh.test", entryId, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch + ttl, createdBy)));

    public ValueTask<JoinToken?> RedeemAsync(string value, string claim, CancellationToken cancellationToken) => ValueTask.FromResult<JoinToken?>(null);

    public RegistrationEntry Add(string id, string path)
        => Entries[id] = new RegistrationEntry(
            id, "mesh.test", "spiffe://mesh.test" + path, "spiffe://mesh.test/meshgrains/join-token", [], null, null, [], null, [], null, DateTimeOffset.UnixEpoch, 1, "op");
}
