using System.Collections.Concurrent;
using Azure;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// The denial sets on blobs: one authenticated blob a trust domain, its version the set's number. Every silo asks for it several times a minute, and
/// it may be large: one that has not changed is not sent again.
/// </summary>
internal sealed class BlobDenialStore(BlobRecords records) : IDenialStore
{
    private readonly ConcurrentDictionary<string, Verified> _last = new(StringComparer.Ordinal);

    public async ValueTask<DenialSet> ReadAsync(string trustDomain, CancellationToken cancellationToken)
    {
        if (_last.TryGetValue(trustDomain, out var last)
            && await records.IsStillAsync(Blob(trustDomain), last.ETag, cancellationToken).ConfigureAwait(false))
        {
            return last.Set;
        }

        var stored = await records.ReadAsync(Blob(trustDomain), Key(trustDomain), cancellationToken).ConfigureAwait(false);
        if (stored is null)
        {
            return DenialSet.Empty;
        }

        var set = StoredJson.Read(stored.Record.Key, stored.Record.Content, StoredJsonContext.Default.DenialSet);
        if (set.Number != stored.Version)
        {
            throw new RecordTamperedException(stored.Record.Key, "the number of the blob does not fit its content.");
        }

        _last[trustDomain] = new Verified(stored.ETag, set);
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
        var (blob, key) = (Blob(trustDomain), Key(trustDomain));
        var content = StoredJson.Write(next with { Denials = next.Denials.IsDefault ? [] : next.Denials }, StoredJsonContext.Default.DenialSet);

        // What was tampered with is refused, not written over in silence.
        var before = await records.ReadAsync(blob, key, cancellationToken).ConfigureAwait(false);
        var stored = before?.Version ?? 0;
        if (stored != expected && !(before is null && next.Number == 0))
        {
            throw new RecordConflictException(key, $"the stored number is {stored}, not {expected}.");
        }

        if (await records.TryWriteAsync(blob, key, before, next.Number, content, cancellationToken).ConfigureAwait(false) is null)
        {
            throw new RecordConflictException(key, $"another write of number {next.Number} was first, or the reply to this one was lost.");
        }
    }

    private sealed record Verified(ETag ETag, DenialSet Set);

    private static string Key(string trustDomain) => $"denials/{trustDomain}";

    private static string Blob(string trustDomain) => $"denials/{trustDomain}";
}
