using Azure;
using Azure.Storage.Blobs.Models;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Asks the serials of closed segments: one range read of a page, and one of the record where there is one. Remembers, within bounds, which
/// segments have none that can be used, so that these are not asked each time.
/// </summary>
internal sealed class SegmentSerials(LogBlobs blobs, IRecordAuthenticator authenticator)
{
    private const int Remembered = 65_536;
    private const int MaxPages = 64;
    private const int MaxTries = 3;

    private readonly Lock _gate = new();
    private readonly Dictionary<LogSegment, State> _unusable = [];

    /// <exception cref="RecordTamperedException">The record was changed after the serials were made.</exception>
    public async ValueTask<SerialAnswer> FindAsync(
        LogSegment segment, int records, long serialHash, string serial, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_unusable.TryGetValue(segment, out var state) && !state.IsUsable)
            {
                return default;
            }
        }

        try
        {
            var number = SerialPage.Of(serialHash, records);
            for (var read = 0; read < MaxPages; read++)
            {
                var bytes = await blobs.ReadAsync(segment.SerialsName, (long)number * SerialPage.Size, SerialPage.Size, cancellationToken).ConfigureAwait(false);
                if (bytes is null || SerialPage.Decode(bytes, segment, records, number, authenticator) is not { } page)
                {
                    Refuse(segment, unfit: bytes is not null);
                    return default;
                }

                foreach (var (offset, length, entry) in page.Find(serialHash))
                {
                    var record = await blobs.ReadAsync(segment.Name, offset, length, cancellationToken).ConfigureAwait(false);
                    if (record is null)
                    {
                        // Expired by the operator, its serials not yet.
                        return new SerialAnswer(true, null, null);
                    }

                    if (record.Length != length || !page.Proves(entry, record, segment, authenticator))
                    {
                        throw LogTail.Broken(segment.Name, $"the record at byte {offset} is not the one that was there when the segment was closed.");
                    }

                    var found = IssuanceRecordEncoding.Read(record, segment.TrustDomain, segment.Issuer);
                    if (found.Serial == serial)
                    {
                        return new SerialAnswer(true, found, page);
                    }
                }

                if (page.Next == 0)
                {
                    return new SerialAnswer(true, null, page);
                }

                number = page.Next;
            }
        }
        catch (RecordKeyUnavailableException)
        {
            // Not remembered: it comes.
        }

        return default;
    }

    /// <summary>Begins to write serials where there are none that can be used.</summary>
    /// <returns>False when they are there, are being written, or could not be written before; else end it with <see cref="WriteAsync"/>.</returns>
    public bool TryBegin(LogSegment segment)
    {
        lock (_gate)
        {
            if (!_unusable.TryGetValue(segment, out var state) || state.IsWriting || state.Tries == MaxTries)
            {
                return false;
            }

            _unusable[segment] = state with { IsWriting = true, Tries = state.Tries + 1 };
            return true;
        }
    }

    /// <summary>Writes the serials of a closed segment. What another wrote is replaced only when it was found unfit.</summary>
    public async Task WriteAsync(LogSegment segment, byte[]? pages, CancellationToken cancellationToken)
    {
        State state;
        lock (_gate)
        {
            state = _unusable.GetValueOrDefault(segment);
        }

        var written = false;
        try
        {
            if (pages is null)
            {
                return;
            }

            var client = await blobs.SmallAsync(segment.SerialsName, cancellationToken).ConfigureAwait(false);
            using var content = new MemoryStream(pages, writable: false);
            var conditions = state.IsUnfit ? null : new BlobRequestConditions { IfNoneMatch = ETag.All };
            await client.UploadAsync(content, new BlobUploadOptions { Conditions = conditions }, cancellationToken).ConfigureAwait(false);
            written = true;
        }
        catch (RequestFailedException failure) when (BlobFailures.IsConflict(failure))
        {
            written = true;
        }
        finally
        {
            lock (_gate)
            {
                if (_unusable.TryGetValue(segment, out var now))
                {
                    _unusable[segment] = now with { IsWriting = false, IsUsable = written };
                }
            }
        }
    }

    /// <returns>Null when the record key is not there yet.</returns>
    public byte[]? Encode(ParsedSegment segment)
    {
        try
        {
            return SerialPage.Encode(segment, authenticator);
        }
        catch (RecordKeyUnavailableException)
        {
            return null;
        }
    }

    private void Refuse(LogSegment segment, bool unfit)
    {
        lock (_gate)
        {
            if (_unusable.Count >= Remembered)
            {
                _unusable.Clear();
            }

            _unusable[segment] = _unusable.GetValueOrDefault(segment) with { IsUnfit = unfit, IsUsable = false };
        }
    }

    // The tries stay, so that what is unfit again and again is not written again and again.
    private readonly record struct State(bool IsUsable, bool IsUnfit, bool IsWriting, int Tries);
}
