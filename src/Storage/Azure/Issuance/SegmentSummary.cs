using System.Globalization;
using System.Security.Cryptography;

namespace MeshGrains.Storage;

/// <summary>
/// What a closed segment holds, made from its bytes alone: how many leaves end at which second, and a Bloom filter over the hashes of serials and
/// identities (12 bits a hash, 8 probes). Format 1: format, length of the segment, hash of its last frame, (second, leaves) pairs, filter,
/// SHA-256. A reader that cannot use it reads the segment.
/// </summary>
internal sealed class SegmentSummary
{
    private const byte Format = 1;
    private const int BitsPerHash = 12;
    private const int Probes = 8;
    private const long Backdating = 3600;
    private const long ClockSkew = 300;
    private const string First = "first";
    private const string Last = "last";
    private const string Ends = "ends";
    private const string Oldest = "oldest";
    private const string Youngest = "youngest";
    private const string Count = "records";
    private const string End = "end";
    private const string Sealed = "seal";

    private readonly (long Second, long Leaves)[] _ends;
    private readonly byte[] _filter;

    private SegmentSummary((long Second, long Leaves)[] ends, byte[] filter) => (_ends, _filter) = (ends, filter);

    public long Cost => (_ends.Length * 16L) + _filter.Length + 128;

    public static byte[] Encode(ParsedSegment segment)
    {
        var ends = new SortedDictionary<long, long>();
        var filter = new byte[Math.Max(8, segment.Records.Count * 2 * BitsPerHash / 8)];
        foreach (var record in segment.Records)
        {
            if (record.NotAfter != 0)
            {
                ends[record.NotAfter] = ends.GetValueOrDefault(record.NotAfter) + 1;
            }

            Set(filter, record.SerialHash);
            Set(filter, record.IdentityHash);
        }

        var buffer = new BinaryBuffer(filter.Length + (ends.Count * 6) + 128);
        buffer.Byte(Format);
        buffer.Unsigned((ulong)segment.Length);
        buffer.Bytes(segment.Head.Hash);
        buffer.Unsigned((ulong)ends.Count);
        long before = 0;
        foreach (var (second, leaves) in ends)
        {
            buffer.Signed(second - before);
            buffer.Unsigned((ulong)leaves);
            before = second;
        }

        buffer.Unsigned((ulong)filter.Length);
        buffer.Bytes(filter);
        buffer.Bytes(SHA256.HashData(buffer.Written));
        return buffer.Written.ToArray();
    }

    /// <returns>Null when the bytes are no summary.</returns>
    public static SegmentSummary? Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var cursor = new BinaryCursor(bytes);
            var body = cursor.Bytes(bytes.Length - 32);
            if (!SHA256.HashData(body).AsSpan().SequenceEqual(cursor.Bytes(32)))
            {
                return null;
            }

            cursor = new BinaryCursor(body);
            if (cursor.Byte() != Format)
            {
                return null;
            }

            cursor.Unsigned();
            cursor.Bytes(LogShard.HashLength);
            var ends = new (long, long)[cursor.Length()];
            long second = 0;
            for (var i = 0; i < ends.Length; i++)
            {
                second += cursor.Signed();
                ends[i] = (second, (long)cursor.Unsigned());
            }

            var filter = cursor.Bytes(cursor.Length()).ToArray();
            return cursor.AtEnd && filter.Length >= 8 ? new SegmentSummary(ends, filter) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    public static Dictionary<string, string> Metadata(SegmentRange range, bool isSealed) => new()
    {
        [End] = isSealed ? Sealed : "roll",
        [First] = Text(range.First),
        [Last] = Text(range.Last),
        [Ends] = Text(range.Ends),
        [Oldest] = Text(range.Oldest),
        [Youngest] = Text(range.Youngest),
        [Count] = Text(range.Records),
    };

    /// <summary>
    /// What the metadata says of a segment. Summaries that were written before notBefore was kept say when it was issued, and the certificates
    /// began at most an hour before and by no more than clocks differ after.
    /// </summary>
    /// <returns>Null when the metadata is not a summary's.</returns>
    public static SegmentRange? Range(IDictionary<string, string>? metadata)
        => metadata is not null && Number(metadata, First) is { } first && Number(metadata, Last) is { } last
            && Number(metadata, Ends) is { } ends && Number(metadata, Count) is >= 0 and <= int.MaxValue and { } count
            ? new SegmentRange(
                first, last, ends, (int)count, Number(metadata, Oldest) ?? Moved(first, -Backdating - ClockSkew), Number(metadata, Youngest) ?? Moved(last, ClockSkew))
            : null;

    /// <summary>The segment is its shard's last, for ever.</summary>
    public static bool IsSealed(IDictionary<string, string> metadata) => metadata.TryGetValue(End, out var end) && end == Sealed;

    public long LiveAfter(long now) => _ends.Where(end => end.Second > now).Sum(end => end.Leaves);

    /// <summary>False when the segment has no such serial or identity; true nearly always means that it has.</summary>
    public bool MayHold(long hash)
    {
        var (bit, step) = Start(hash);
        for (var i = 0; i < Probes; i++, bit += step)
        {
            var at = bit % ((ulong)_filter.Length * 8);
            if ((_filter[at / 8] & (1 << (int)(at % 8))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private static void Set(byte[] filter, long hash)
    {
        var (bit, step) = Start(hash);
        for (var i = 0; i < Probes; i++, bit += step)
        {
            var at = bit % ((ulong)filter.Length * 8);
            filter[at / 8] |= (byte)(1 << (int)(at % 8));
        }
    }

    private static (ulong Bit, ulong Step) Start(long hash)
    {
        var mixed = LogHash.Mixed(hash);
        return (mixed & 0xFFFFFFFF, (mixed >> 32) | 1);
    }

    // Of an empty range, nothing.
    private static long Moved(long second, long by) => second is long.MaxValue or long.MinValue ? second : second + by;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long? Number(IDictionary<string, string> metadata, string name)
        => metadata.TryGetValue(name, out var text) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
