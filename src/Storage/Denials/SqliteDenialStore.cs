using System.Collections.Concurrent;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>The denial sets in <c>state.db</c>: one authenticated row a trust domain.</summary>
internal sealed class SqliteDenialStore(SqliteDatabase database, RecordSeal seal) : IDenialStore
{
    private readonly ConcurrentDictionary<string, byte> _seen = new(StringComparer.Ordinal);

    public async ValueTask<DenialSet> ReadAsync(string trustDomain, CancellationToken cancellationToken)
    {
        var verified = await database.ReadAsync(
            session => Read(session, trustDomain) is { } row ? seal.Verify(row, () => Read(session, trustDomain)) : null,
            cancellationToken).ConfigureAwait(false);
        if (verified is null)
        {
            return _seen.ContainsKey(trustDomain)
                ? throw new RecordTamperedException(Key(trustDomain), "the denial set was there and is gone; nothing in this product removes it.")
                : DenialSet.Empty;
        }

        var set = StoredJson.Read(verified.Key, verified.Content, StoredJsonContext.Default.DenialSet);
        if (set.Number != verified.Version)
        {
            throw new RecordTamperedException(verified.Key, "the number of the row does not fit its content.");
        }

        _seen.TryAdd(trustDomain, 0);
        return set;
    }

    public ValueTask WriteAsync(string trustDomain, DenialSet next, CancellationToken cancellationToken) =>
        ReplaceAsync(trustDomain, next.Number - 1, next, cancellationToken);

    public ValueTask AdvanceAsync(string trustDomain, DenialSet from, DenialSet next, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(next.Number, from.Number);
        return ReplaceAsync(trustDomain, from.Number, next, cancellationToken);
    }

    private async ValueTask ReplaceAsync(string trustDomain, long expected, DenialSet next, CancellationToken cancellationToken)
    {
        var key = Key(trustDomain);
        var content = StoredJson.Write(next with { Denials = next.Denials.IsDefault ? [] : next.Denials }, StoredJsonContext.Default.DenialSet);
        var tag = seal.Tag(key, next.Number, content);
        await database.WriteAsync(
            session =>
            {
                var row = Read(session, trustDomain);
                if (row is not null)
                {
                    // What was tampered with is refused, not written over in silence.
                    seal.Verify(row);
                }

                var stored = row?.Version ?? 0;
                return stored == expected || (row is null && next.Number == 0)
                    ? session.Use("INSERT OR REPLACE INTO denial_set VALUES (?1, ?2, ?3, ?4)")
                        .Bind(1, trustDomain).Bind(2, next.Number).Bind(3, content).Bind(4, tag).Execute()
                    : throw new RecordConflictException(key, $"the stored number is {stored}, not {expected}.");
            },
            cancellationToken).ConfigureAwait(false);
        seal.Remember(new StoredRecord(key, next.Number, content, tag));
        _seen.TryAdd(trustDomain, 0);
    }

    private static string Key(string trustDomain) => $"denials/{trustDomain}";

    private static StoredRecord? Read(SqliteSession session, string trustDomain)
    {
        using var row = session.Use("SELECT number, content, tag FROM denial_set WHERE trust_domain = ?1");
        return row.Bind(1, trustDomain).Step()
            ? new StoredRecord(Key(trustDomain), row.Int64(0), row.Blob(1).ToArray(), row.Blob(2).ToArray())
            : null;
    }
}
