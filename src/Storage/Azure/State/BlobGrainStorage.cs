using System.Globalization;
using MeshGrains.Grains;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace MeshGrains.Storage;

/// <summary>
/// Grain state on Orleans' blob provider, wrapped in records of ours. An ETag is <c>VERSION/BLOB-ETAG</c>: the blob's ETag is the fence, the version
/// is what the tag binds. States that bear trust are tagged; clearing leaves a record without content, so that an old one cannot come back as new.
/// </summary>
internal sealed class BlobGrainStorage(IGrainStorage blobs, BlobAccess access, IStateCodec codec, RecordSeal seal) : IGrainStorage
{
    /// <summary>Azure's limits on blob names.</summary>
    private const int MaxName = 1024;
    private const int MaxSegments = 254;

    private readonly SeenRecords _seen = new();

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var found = await VerifiedAsync<T>(stateName, grainId).ConfigureAwait(false);
        grainState.State = found?.Record.Content is { } content ? codec.Decode<T>(content) : codec.Empty<T>();
        grainState.RecordExists = found?.Record.Content is not null;
        grainState.ETag = found is { } present ? ETag(present.Record.Version, present.ETag) : null!;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        grainState.ETag = await ReplaceAsync<T>(stateName, grainId, grainState.ETag, codec.Encode(grainState.State)).ConfigureAwait(false);
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        // A record that never was needs no trace of its end.
        if (grainState.ETag is not null)
        {
            grainState.ETag = await ReplaceAsync<T>(stateName, grainId, grainState.ETag, null).ConfigureAwait(false);
        }

        grainState.State = codec.Empty<T>();
        grainState.RecordExists = false;
    }

    private static string ETag(long version, string blob) => string.Create(CultureInfo.InvariantCulture, $"{version}/{blob}");

    private static (long Version, string? Blob) Parse(string? etag)
    {
        if (string.IsNullOrEmpty(etag))
        {
            return (0, null);
        }

        var slash = etag.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && long.TryParse(etag.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? (version, etag[(slash + 1)..])
            : throw new InconsistentStateException($"'{etag}' is no ETag of this store.");
    }

    private static string Key(string stateName, GrainId grainId)
    {
        var name = $"{stateName}-{grainId}.json";
        if (name.Length > MaxName || name.AsSpan().Count('/') >= MaxSegments)
        {
            throw new ArgumentException($"The key of grain {grainId} makes a blob name of {name.Length} characters; a blob store takes {MaxName}, and {MaxSegments} segments.");
        }

        // HTTP resolves such segments, and two keys would have one blob.
        return $"{grainId}".Split('/').Any(segment => segment is "." or "..")
            ? throw new ArgumentException($"The key of grain {grainId} makes no blob name: it holds a segment of dots alone.")
            : $"state/{stateName}/{grainId}";
    }

    private async ValueTask<(StoredRecord Record, string ETag)?> VerifiedAsync<T>(string stateName, GrainId grainId)
    {
        var key = Key(stateName, grainId);
        StoredRecord? refused = null;
        while (true)
        {
            if (await ReadAsync(stateName, grainId, key).ConfigureAwait(false) is not { } found)
            {
                if (codec.IsTrustBearing<T>() && _seen.Contains(key))
                {
                    throw new RecordTamperedException(key, "the record was there and is gone; nothing in this product removes it.");
                }

                return null;
            }

            if (!codec.IsTrustBearing<T>())
            {
                return found;
            }

            try
            {
                seal.Verify(found.Record);
                _seen.Add(key);
                return found;
            }
            catch (RecordTamperedException) when (refused is null || found.Record.Version > refused.Version)
            {
                // A slow reader comes to an old record after a faster one verified its successor: the one has moved on, one put back stands still.
                refused = found.Record;
            }
        }
    }

    private async ValueTask<(StoredRecord Record, string ETag)?> ReadAsync(string stateName, GrainId grainId, string key)
    {
        var cell = new BlobGrainCell();
        await access.StateAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await blobs.ReadStateAsync(stateName, grainId, cell).ConfigureAwait(false);
        }
        catch (InvalidDataException failure)
        {
            throw new RecordTamperedException(key, failure.Message);
        }
        catch (Exception failure) when (BlobFailures.Explain(failure, access.StateClient, CancellationToken.None) is { } explained)
        {
            throw explained;
        }

        if (cell.RecordExists || !string.IsNullOrEmpty(cell.ETag))
        {
            // The provider takes an empty blob for a cleared state; here it is one that was cut off.
            return (BlobFrame.Read(key, cell.RecordExists ? cell.State!.Bytes : []), cell.ETag!);
        }

        // The provider takes a missing container for missing state.
        await access.RequireStateAsync(CancellationToken.None).ConfigureAwait(false);
        return null;
    }

    private async Task<string> ReplaceAsync<T>(string stateName, GrainId grainId, string? etag, byte[]? content)
    {
        var key = Key(stateName, grainId);
        var (before, blob) = Parse(etag);
        var record = new StoredRecord(key, before + 1, content, codec.IsTrustBearing<T>() ? seal.Tag(key, before + 1, content) : []);
        var cell = new BlobGrainCell { State = new BlobGrainState { Bytes = BlobFrame.Write(record) }, ETag = blob, RecordExists = blob is not null };
        await access.StateAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await blobs.WriteStateAsync(stateName, grainId, cell).ConfigureAwait(false);
        }
        catch (InconsistentStateException)
        {
            throw new InconsistentStateException(
                $"State '{stateName}' of {grainId} is not at version {before} any more: another writer was first, or the reply to this write was lost.",
                "unknown", etag ?? "none");
        }
        catch (Exception failure) when (BlobFailures.Explain(failure, access.StateClient, CancellationToken.None) is { } explained)
        {
            throw explained;
        }

        if (codec.IsTrustBearing<T>())
        {
            seal.Remember(record);
            _seen.Add(key);
        }

        return ETag(record.Version, cell.ETag!);
    }
}
