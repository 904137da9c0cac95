using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>Entries and templates in <c>state.db</c>.</summary>
internal sealed class SqliteRegistrationStore : IRegistrationStore
{
    private const int SelectorsPerQuery = 32;
    private const string ParentIndex = "registration_by_parent";

    // An entry without selectors has an empty lead.
    private const string ByParent = "trust_domain = ?1 AND parent = ?2 AND lead > '' ORDER BY id LIMIT ?3";

    private static readonly string BySelectors =
        $"trust_domain = ?1 AND parent = ?2 AND lead IN ({string.Join(", ", Enumerable.Range(3, SelectorsPerQuery).Select(i => $"?{i}"))})";

    private readonly RegistrationTable<RegistrationEntry> _entries;
    private readonly RegistrationTable<RegistrationTemplate> _templates;

    public SqliteRegistrationStore(SqliteDatabase database, RecordSeal seal)
    {
        _entries = new(database, seal, RegistrationKind.Entry, StoredJsonContext.Default.RegistrationEntry, entry => new RegistrationColumns(
            entry.TrustDomain, entry.Id, entry.Revision, entry.OperationId, RegistrationKeys.Twin(entry), entry.SpiffeId, entry.ParentId,
            RegistrationKeys.Lead(entry), "identity, parent and selectors"));
        _templates = new(database, seal, RegistrationKind.Template, StoredJsonContext.Default.RegistrationTemplate, template => new RegistrationColumns(
            template.TrustDomain, template.Id, template.Revision, template.OperationId, RegistrationKeys.Twin(template), null, null, null,
            "source and pattern"));
    }

    public ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesByIdentityAsync(
        string trustDomain, string spiffeId, CancellationToken cancellationToken)
        => _entries.FindAsync(
            "trust_domain = ?1 AND identity = ?2 ORDER BY id", statement => statement.Bind(1, trustDomain).Bind(2, spiffeId), cancellationToken);

    public async ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesBySelectorsAsync(
        string trustDomain, string parentId, IReadOnlyCollection<Selector> selectors, CancellationToken cancellationToken)
    {
        var given = selectors.ToHashSet();
        var found = new List<RegistrationEntry>();
        foreach (var leads in given.Select(selector => selector.ToString()).Chunk(SelectorsPerQuery))
        {
            found.AddRange(await _entries.FindAsync(
                BySelectors,
                statement =>
                {
                    statement.Bind(1, trustDomain).Bind(2, parentId);
                    for (var i = 0; i < leads.Length; i++)
                    {
                        statement.Bind(i + 3, leads[i]);
                    }
                },
                cancellationToken,
                ParentIndex).ConfigureAwait(false));
        }

        return [.. found.Where(entry => !entry.Selectors.IsEmpty && entry.Selectors.All(given.Contains)).OrderBy(entry => entry.Id, StringComparer.Ordinal)];
    }

    public ValueTask<IReadOnlyList<RegistrationEntry>> FindEntriesByParentAsync(
        string trustDomain, string parentId, int limit, CancellationToken cancellationToken)
        => _entries.FindAsync(ByParent, statement => statement.Bind(1, trustDomain).Bind(2, parentId).Bind(3, limit), cancellationToken, ParentIndex);

    /// <summary>The statements that go by a parent, for the test that no number of entries makes them slow.</summary>
    internal IEnumerable<string> ByParentStatements() => [_entries.FindSql(ByParent, ParentIndex), _entries.FindSql(BySelectors, ParentIndex)];

    public ValueTask<RegistrationEntry?> GetEntryAsync(string trustDomain, string entryId, CancellationToken cancellationToken)
        => _entries.GetAsync(trustDomain, entryId, cancellationToken);

    public ValueTask<IReadOnlyList<RegistrationEntry>> ListEntriesAsync(
        string trustDomain, string? afterId, int limit, CancellationToken cancellationToken)
        => _entries.FindAsync(
            "trust_domain = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
            statement => statement.Bind(1, trustDomain).Bind(2, afterId ?? "").Bind(3, limit), cancellationToken);

    public ValueTask PutEntryAsync(RegistrationEntry entry, CancellationToken cancellationToken)
        => _entries.PutAsync(StoredEntry.Of(entry), cancellationToken);

    public ValueTask<IReadOnlyList<Exception?>> CreateEntriesAsync(IReadOnlyList<RegistrationEntry> entries, CancellationToken cancellationToken)
        => _entries.PutAllAsync([.. entries.Select(StoredEntry.Of)], cancellationToken);

    public ValueTask<bool> DeleteEntryAsync(string trustDomain, string entryId, long revision, CancellationToken cancellationToken)
        => _entries.DeleteAsync(trustDomain, entryId, revision, cancellationToken);

    public ValueTask<IReadOnlyList<RegistrationTemplate>> ListTemplatesAsync(string trustDomain, CancellationToken cancellationToken)
        => _templates.FindAsync("trust_domain = ?1 ORDER BY id", statement => statement.Bind(1, trustDomain), cancellationToken);

    public ValueTask PutTemplateAsync(RegistrationTemplate template, CancellationToken cancellationToken)
        => _templates.PutAsync(template, cancellationToken);

    public ValueTask<bool> DeleteTemplateAsync(string trustDomain, string templateId, long revision, CancellationToken cancellationToken)
        => _templates.DeleteAsync(trustDomain, templateId, revision, cancellationToken);
}
