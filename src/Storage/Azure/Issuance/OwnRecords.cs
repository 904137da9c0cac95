using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// The leaf records that this process wrote last, so that none of them is asked of the store: between half of so many bytes and all of them.
/// Safe to use by many at once.
/// </summary>
internal sealed class OwnRecords(long capacity)
{
    // What an entry takes beyond the record's bytes, about.
    private const int Overhead = 96;

    private readonly Lock _gate = new();
    private Dictionary<long, Entry> _older = [];
    private Dictionary<long, Entry> _newer = [];
    private long _bytes;

    /// <summary>Takes what is durable.</summary>
    public void Add(List<PendingAppend> appends)
    {
        lock (_gate)
        {
            foreach (var append in appends)
            {
                if (append.HasFailed || !append.IsLeaf)
                {
                    continue;
                }

                if (_bytes >= capacity / 2)
                {
                    (_older, _newer, _bytes) = (_newer, [], 0);
                }

                _newer[append.SerialHash] = new Entry(append.TrustDomain, append.Issuer, append.Bytes.ToArray());
                _bytes += append.Bytes.Length + Overhead;
            }
        }
    }

    /// <summary>The record of a serial; null when it is not among them.</summary>
    public IssuanceRecord? Find(string trustDomain, string serial)
    {
        var hash = LogHash.Serial(trustDomain, serial);
        Entry? entry;
        lock (_gate)
        {
            entry = _newer.GetValueOrDefault(hash) ?? _older.GetValueOrDefault(hash);
        }

        return entry is not null && entry.TrustDomain == trustDomain
            && IssuanceRecordEncoding.Read(entry.Bytes, trustDomain, entry.Issuer) is { } record && record.Serial == serial
            ? record
            : null;
    }

    private sealed record Entry(string TrustDomain, string Issuer, byte[] Bytes);
}
