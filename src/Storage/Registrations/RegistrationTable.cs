using System.Text.Json.Serialization.Metadata;
using MeshGrains.Grains;
using Microsoft.Data.Sqlite;

namespace MeshGrains.Storage;

/// <summary>One kind of registration in the table that entries and templates share: compare-and-swap by revision, verified reads.</summary>
internal sealed class RegistrationTable<T>(
    SqliteDatabase database, RecordSeal seal, RegistrationKind kind, JsonTypeInfo<T> json, Func<T, RegistrationColumns> columnsOf)
    where T : class
{
    private const string Columns = "trust_domain, id, revision, operation_id, twin, identity, parent, lead, content, tag";

    private readonly string _name = kind == RegistrationKind.Entry ? "entry" : "template";

    public ValueTask<T?> GetAsync(string trustDomain, string id, CancellationToken cancellationToken)
        => database.ReadAsync(session => Verified(session, ReadRow(session, trustDomain, id)), cancellationToken);

    /// <summary>The rows that a statement finds, in its order. The statement selects all columns of the table and is given them by name.</summary>
    /// <param name="condition">What the rows meet, with its order and limit.</param>
    /// <param name="bind">Gives the parameters.</param>
    /// <param name="index">The index to go by where SQLite, which knows no numbers of rows, would walk all of a trust domain.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public ValueTask<IReadOnlyList<T>> FindAsync(
        string condition, Action<SqliteStatement> bind, CancellationToken cancellationToken, string? index = null)
        => database.ReadAsync<IReadOnlyList<T>>(
            session =>
            {
                // All rows first: as long as a statement runs, reading again would show the same old rows.
                var rows = new List<RegistrationRow>();
                using (var statement = session.Use(FindSql(condition, index)))
                {
                    bind(statement);
                    while (statement.Step())
                    {
                        rows.Add(ToRow(statement));
                    }
                }

                var found = new List<T>(rows.Count);
                foreach (var row in rows)
                {
                    if (Verified(session, row) is { } record)
                    {
                        found.Add(record);
                    }
                }

                return found;
            },
            cancellationToken);

    internal string FindSql(string condition, string? index)
        => $"SELECT {Columns} FROM registration {(index is null ? "" : $"INDEXED BY {index} ")}WHERE kind = {(int)kind} AND content IS NOT NULL AND {condition}";

    /// <exception cref="RecordConflictException">The stored revision is another one, or a twin exists.</exception>
    public async ValueTask PutAsync(T record, CancellationToken cancellationToken)
    {
        var written = await database.WriteAsync(session => Put(session, record), cancellationToken).ConfigureAwait(false);
        seal.Remember(written);
    }

    /// <summary>Several in one transaction, each for itself: null for one that is written, else why it is not.</summary>
    public async ValueTask<IReadOnlyList<Exception?>> PutAllAsync(IReadOnlyList<T> records, CancellationToken cancellationToken)
    {
        var failures = new Exception?[records.Count];
        try
        {
            var written = await database.WriteAsync(
                session =>
                {
                    var written = new List<StoredRecord>(records.Count);
                    for (var i = 0; i < records.Count; i++)
                    {
                        try
                        {
                            written.Add(Put(session, records[i]));
                        }
                        catch (Exception failure) when (failure is RecordConflictException or RecordTamperedException)
                        {
                            failures[i] = failure;
                        }
                    }

                    return written;
                },
                cancellationToken).ConfigureAwait(false);
            written.ForEach(seal.Remember);
        }
        catch (Exception failure)
        {
            // The transaction is one: what it held is not written, or nobody knows.
            for (var i = 0; i < failures.Length; i++)
            {
                failures[i] ??= failure;
            }
        }

        return failures;
    }

    /// <returns>False when there is none.</returns>
    /// <exception cref="RecordConflictException">The stored revision is another one.</exception>
    public async ValueTask<bool> DeleteAsync(string trustDomain, string id, long revision, CancellationToken cancellationToken)
    {
        var key = Key(trustDomain, id);
        var end = await database.WriteAsync(
            session =>
            {
                var stored = ReadRow(session, trustDomain, id);
                if (stored?.Record.Content is null)
                {
                    return null;
                }

                seal.Verify(stored.Record);
                RequireRevision(key, stored, revision);
                var end = new StoredRecord(key, revision + 1, null, seal.Tag(key, revision + 1, []));
                session.Use($"UPDATE registration SET revision = ?3, twin = NULL, identity = NULL, parent = NULL, lead = NULL, content = NULL, tag = ?4 "
                        + $"WHERE kind = {(int)kind} AND trust_domain = ?1 AND id = ?2")
                    .Bind(1, trustDomain).Bind(2, id).Bind(3, end.Version).Bind(4, end.Tag).Execute();
                return end;
            },
            cancellationToken).ConfigureAwait(false);
        if (end is not null)
        {
            seal.Remember(end);
        }

        return end is not null;
    }

    private StoredRecord Put(SqliteSession session, T record)
    {
        var columns = columnsOf(record);
        var key = Key(columns.TrustDomain, columns.Id);
        var content = StoredJson.Write(record, json);
        var tag = seal.Tag(key, columns.Revision, content);
        var stored = ReadRow(session, columns.TrustDomain, columns.Id);
        if (stored is not null)
        {
            // What was tampered with is refused, not written over in silence.
            seal.Verify(stored.Record);
        }

        RequireRevision(key, stored, columns.Revision - 1);
        try
        {
            session.Use($"INSERT INTO registration VALUES ({(int)kind}, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
                    + "ON CONFLICT (kind, trust_domain, id) DO UPDATE SET revision = ?3, operation_id = ?4, twin = ?5, identity = ?6, "
                    + "parent = ?7, lead = ?8, content = ?9, tag = ?10")
                .Bind(1, columns.TrustDomain).Bind(2, columns.Id).Bind(3, columns.Revision).Bind(4, columns.OperationId)
                .Bind(5, columns.Twin).Bind(6, columns.Identity).Bind(7, columns.Parent).Bind(8, columns.Lead)
                .Bind(9, content).Bind(10, tag).Execute();
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode == SQLitePCL.raw.SQLITE_CONSTRAINT)
        {
            throw new RecordConflictException(key, $"{(kind == RegistrationKind.Entry ? "an entry" : "a template")} of the same {columns.TwinName} exists.");
        }

        return new StoredRecord(key, columns.Revision, content, tag);
    }

    private string Key(string trustDomain, string id) => $"{_name}/{trustDomain}/{id}";

    private static void RequireRevision(string key, RegistrationRow? stored, long expected)
    {
        if (stored is { Record.Content: null })
        {
            throw new RecordConflictException(key, "the id belonged to a deleted registration, and none is given twice; take a new one.");
        }

        var revision = stored?.Revision ?? 0;
        if (revision != expected)
        {
            throw new RecordConflictException(key, $"the stored revision is {revision}, not {expected}.");
        }
    }

    private RegistrationRow ToRow(SqliteStatement row)
    {
        var (trustDomain, id, revision) = (row.Text(0), row.Text(1), row.Int64(2));
        return new RegistrationRow(
            trustDomain, id, revision, row.Text(3), Nullable(row, 4), Nullable(row, 5), Nullable(row, 6), Nullable(row, 7),
            new StoredRecord(Key(trustDomain, id), revision, row.IsNull(8) ? null : row.Blob(8).ToArray(), row.Blob(9).ToArray()));

        static string? Nullable(SqliteStatement row, int column) => row.IsNull(column) ? null : row.Text(column);
    }

    private RegistrationRow? ReadRow(SqliteSession session, string trustDomain, string id)
    {
        using var row = session.Use($"SELECT {Columns} FROM registration WHERE kind = {(int)kind} AND trust_domain = ?1 AND id = ?2");
        return row.Bind(1, trustDomain).Bind(2, id).Step() ? ToRow(row) : null;
    }

    private T? Verified(SqliteSession session, RegistrationRow? row)
    {
        if (row is null)
        {
            return null;
        }

        var newest = row;
        var verified = seal.Verify(row.Record, () =>
        {
            var again = ReadRow(session, row.TrustDomain, row.Id);
            newest = again ?? newest;
            return again?.Record;
        });
        if (verified?.Content is null)
        {
            return null;
        }

        var record = StoredJson.Read(verified.Key, verified.Content, json);
        var due = columnsOf(record);
        if (due.TrustDomain != newest.TrustDomain || due.Id != newest.Id || due.Revision != newest.Revision || due.OperationId != newest.OperationId
            || due.Twin != newest.Twin || due.Identity != newest.Identity || due.Parent != newest.Parent || due.Lead != newest.Lead)
        {
            throw new RecordTamperedException(verified.Key, "the columns of the row do not fit its content.");
        }

        return record;
    }
}
