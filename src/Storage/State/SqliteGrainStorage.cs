using System.Collections.Concurrent;
using System.Globalization;
using MeshGrains.Grains;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace MeshGrains.Storage;

/// <summary>
/// Grain state with compare-and-swap on a version number, which is the ETag. States that bear trust are tagged. Clearing leaves a row without
/// content, so that an old row cannot come back as a new one.
/// </summary>
internal sealed class SqliteGrainStorage(SqliteDatabase database, IStateCodec codec, RecordSeal seal) : IGrainStorage
{
    private readonly ConcurrentDictionary<string, byte> _seen = new(StringComparer.Ordinal);

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var grain = grainId.ToString();
        var row = await database.ReadAsync(session => Verified<T>(session, stateName, grain), CancellationToken.None).ConfigureAwait(false);
        grainState.State = row?.Content is { } content ? codec.Decode<T>(content) : codec.Empty<T>();
        grainState.RecordExists = row?.Content is not null;
        grainState.ETag = row is null ? null! : ETag(row.Version);
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var content = codec.Encode(grainState.State);
        grainState.ETag = await ReplaceAsync<T>(stateName, grainId.ToString(), grainState.ETag, content).ConfigureAwait(false);
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        // A record that never was needs no trace of its end.
        if (grainState.ETag is not null)
        {
            grainState.ETag = await ReplaceAsync<T>(stateName, grainId.ToString(), grainState.ETag, null).ConfigureAwait(false);
        }

        grainState.State = codec.Empty<T>();
        grainState.RecordExists = false;
    }

    private static string ETag(long version) => version.ToString(CultureInfo.InvariantCulture);

    private static string Key(string stateName, string grain) => $"state/{stateName}/{grain}";

    private static StoredRecord? Read(SqliteSession session, string stateName, string grain)
    {
        using var row = session.Use("SELECT version, content, tag FROM grain_state WHERE name = ?1 AND grain = ?2");
        return row.Bind(1, stateName).Bind(2, grain).Step()
            ? new StoredRecord(Key(stateName, grain), row.Int64(0), row.IsNull(1) ? null : row.Blob(1).ToArray(), row.Blob(2).ToArray())
            : null;
    }

    private StoredRecord? Verified<T>(SqliteSession session, string stateName, string grain)
    {
        var row = Read(session, stateName, grain);
        if (!codec.IsTrustBearing<T>())
        {
            return row;
        }

        var verified = row is null ? null : seal.Verify(row, () => Read(session, stateName, grain));
        var key = Key(stateName, grain);
        if (verified is not null)
        {
            _seen.TryAdd(key, 0);
        }
        else if (_seen.ContainsKey(key))
        {
            throw new RecordTamperedException(key, "the record was there and is gone; nothing in this product removes it.");
        }

        return verified;
    }

    private async Task<string> ReplaceAsync<T>(string stateName, string grain, string? etag, byte[]? content)
    {
        var written = await database.WriteAsync(
            session =>
            {
                var row = Read(session, stateName, grain);
                if (row is not null && codec.IsTrustBearing<T>())
                {
                    // What was tampered with is refused, not written over in silence.
                    seal.Verify(row);
                }

                var stored = row?.Version ?? 0;
                if (etag != (stored == 0 ? null : ETag(stored)))
                {
                    throw new InconsistentStateException(
                        $"State '{stateName}' of {grain} is at version {stored}, not at '{etag}': another writer was first.",
                        stored == 0 ? "none" : ETag(stored), etag ?? "none");
                }

                var tag = codec.IsTrustBearing<T>() ? seal.Tag(Key(stateName, grain), stored + 1, content) : null;
                session.Use("INSERT OR REPLACE INTO grain_state VALUES (?1, ?2, ?3, ?4, ?5)")
                    .Bind(1, stateName).Bind(2, grain).Bind(3, stored + 1).BindNullable(4, content).BindNullable(5, tag).Execute();
                return new StoredRecord(Key(stateName, grain), stored + 1, content, tag ?? []);
            },
            CancellationToken.None).ConfigureAwait(false);
        if (codec.IsTrustBearing<T>())
        {
            seal.Remember(written);
            _seen.TryAdd(written.Key, 0);
        }

        return ETag(written.Version);
    }
}
