using System.Collections.Immutable;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>The templates of a trust domain: few, read together, hence one authenticated blob; another silo's change is seen within a second.</summary>
internal sealed class TemplateBlobs(BlobRecords records, TimeProvider time)
{
    private static readonly TimeSpan ListAge = TimeSpan.FromSeconds(1);

    private readonly SharedReads<IReadOnlyList<RegistrationTemplate>> _lists = new(ListAge, time);

    private const int MaxTemplates = 4096;
    private const int MaxDeleted = 4096;
    private const int Attempts = 10;

    public async ValueTask<IReadOnlyList<RegistrationTemplate>> ListAsync(string trustDomain, CancellationToken cancellationToken)
        => await _lists.ReadAsync(
            trustDomain, async () => (await ReadAsync(trustDomain, CancellationToken.None).ConfigureAwait(false)).Stored.Templates, cancellationToken).ConfigureAwait(false);

    /// <exception cref="RecordConflictException">The stored revision is another one, or a twin exists.</exception>
    public async ValueTask PutAsync(RegistrationTemplate template, CancellationToken cancellationToken)
        => await ChangeAsync(
            template.TrustDomain, template.Id,
            stored =>
            {
                RequireRevision(stored, template.TrustDomain, template.Id, template.Revision - 1);
                var others = stored.Templates.Where(other => other.Id != template.Id).ToList();
                if (others.Any(other => RegistrationKeys.Twin(other) == RegistrationKeys.Twin(template)))
                {
                    throw new RecordConflictException(ItemKey(template.TrustDomain, template.Id), "a template of the same source and pattern exists.");
                }

                return others.Count < MaxTemplates
                    ? stored with { Templates = [.. others.Append(template).OrderBy(other => other.Id, StringComparer.Ordinal)] }
                    : throw new RecordConflictException(ItemKey(template.TrustDomain, template.Id), $"there are {MaxTemplates} templates already; delete some.");
            },
            cancellationToken).ConfigureAwait(false);

    /// <returns>False when there is none.</returns>
    public async ValueTask<bool> DeleteAsync(string trustDomain, string id, long revision, CancellationToken cancellationToken)
        => await ChangeAsync(
            trustDomain, id,
            stored =>
            {
                if (stored.Templates.All(template => template.Id != id))
                {
                    return null;
                }

                RequireRevision(stored, trustDomain, id, revision);
                return new StoredTemplates(
                    [.. stored.Templates.Where(template => template.Id != id)], [.. stored.Deleted.Append(id).TakeLast(MaxDeleted)]);
            },
            cancellationToken).ConfigureAwait(false);

    private static void RequireRevision(StoredTemplates stored, string trustDomain, string id, long expected)
    {
        if (stored.Deleted.Contains(id))
        {
            throw new RecordConflictException(ItemKey(trustDomain, id), "the id belonged to a deleted registration, and none is given twice; take a new one.");
        }

        var revision = stored.Templates.FirstOrDefault(template => template.Id == id)?.Revision ?? 0;
        if (revision != expected)
        {
            throw new RecordConflictException(ItemKey(trustDomain, id), $"the stored revision is {revision}, not {expected}.");
        }
    }

    private static string ItemKey(string trustDomain, string id) => $"template/{trustDomain}/{id}";

    private static string Key(string trustDomain) => $"templates/{trustDomain}";

    private static string Blob(string trustDomain) => $"registrations/templates/{trustDomain}";

    private async ValueTask<(BlobRecord? Record, StoredTemplates Stored)> ReadAsync(string trustDomain, CancellationToken cancellationToken)
    {
        var record = await records.ReadAsync(Blob(trustDomain), Key(trustDomain), cancellationToken).ConfigureAwait(false);
        return (record, record is null ? StoredTemplates.Empty : StoredJson.Read(record.Record.Key, record.Record.Content, BlobJsonContext.Default.StoredTemplates));
    }

    /// <returns>False when there was nothing to change.</returns>
    private async ValueTask<bool> ChangeAsync(
        string trustDomain, string id, Func<StoredTemplates, StoredTemplates?> change, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var (record, stored) = await ReadAsync(trustDomain, cancellationToken).ConfigureAwait(false);
            if (change(stored) is not { } next)
            {
                // Gone after a write of ours failed: it may be that write which took it.
                return attempt > 0;
            }

            var content = StoredJson.Write(next, BlobJsonContext.Default.StoredTemplates);
            if (await records.TryWriteAsync(Blob(trustDomain), Key(trustDomain), record, (record?.Version ?? 0) + 1, content, cancellationToken)
                .ConfigureAwait(false) is not null)
            {
                _lists.Forget(trustDomain);
                return true;
            }
        }

        throw new RecordConflictException(ItemKey(trustDomain, id), "others keep changing the templates; try again.");
    }
}
