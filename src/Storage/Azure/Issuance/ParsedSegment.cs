using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// A segment as far as it was read: its bytes, every hash checked, and where each record lies. It grows by what was appended since. Used by one
/// at a time.
/// </summary>
internal sealed class ParsedSegment(LogSegment segment)
{
    private readonly List<LogSegmentRecord> _records = [];
    private readonly LogBatch _batch = new();
    private byte[] _bytes = [];
    private LogHead? _head;

    public LogSegment Segment => segment;

    /// <summary>Bytes read; the next append begins here.</summary>
    public int Length { get; private set; }

    /// <summary>Frames after the header, as many as appends.</summary>
    public int Blocks { get; private set; }

    /// <summary>What the header says the segment goes on from; null while nothing was written.</summary>
    public LogHead? Begins { get; private set; }

    /// <summary>The chain after the last frame.</summary>
    public LogHead Head => _head ?? throw new InvalidOperationException("The segment is empty.");

    /// <summary>The roll or seal at its end; null while it is open.</summary>
    public LogFrameKind? End { get; private set; }

    public SegmentRange Range { get; private set; } = SegmentRange.Empty;

    public IReadOnlyList<LogSegmentRecord> Records => _records;

    /// <summary>About what it takes in memory.</summary>
    public long Cost => _bytes.Length + (_records.Capacity * 64L) + 512;

    /// <summary>Takes in the bytes that follow.</summary>
    /// <exception cref="RecordTamperedException">They are not what this log writes, or do not follow what is there.</exception>
    public void Extend(ReadOnlySpan<byte> more)
    {
        if (_bytes.Length - Length < more.Length)
        {
            Array.Resize(ref _bytes, Math.Max(Length + more.Length, Math.Min(_bytes.Length * 2, _bytes.Length + (1 << 20))));
        }

        more.CopyTo(_bytes.AsSpan(Length));
        var end = Length + more.Length;
        try
        {
            while (Length < end)
            {
                Length += Frame(_bytes.AsSpan(Length, end - Length));
            }
        }
        catch (FormatException exception)
        {
            throw LogTail.Broken(segment.Name, $"the frame at byte {Length} is malformed: {exception.Message}");
        }
    }

    /// <summary>The record of a serial, null when it is not here.</summary>
    public IssuanceRecord? Find(long serialHash, string serial)
    {
        for (var i = _records.Count - 1; i >= 0; i--)
        {
            if (_records[i].SerialHash == serialHash && Decode(_records[i]) is { } record && record.Serial == serial)
            {
                return record;
            }
        }

        return null;
    }

    public IssuanceRecord Decode(in LogSegmentRecord record)
        => IssuanceRecordEncoding.Read(_bytes.AsSpan(record.Offset, record.Length), segment.TrustDomain, segment.Issuer);

    /// <summary>The bytes that a record takes.</summary>
    public ReadOnlySpan<byte> BytesOf(in LogSegmentRecord record) => _bytes.AsSpan(record.Offset, record.Length);

    private int Frame(ReadOnlySpan<byte> rest)
    {
        if (End is not null)
        {
            throw new FormatException("something follows the segment's end.");
        }

        if (rest.Length < LogFrames.Overhead)
        {
            throw new FormatException("it is cut short.");
        }

        var kind = (LogFrameKind)rest[0];
        var length = BinaryPrimitives.ReadUInt32LittleEndian(rest[1..]);
        if (length > rest.Length - LogFrames.Overhead)
        {
            throw new FormatException("it is cut short.");
        }

        var payload = rest.Slice(5, (int)length);
        var hash = rest.Slice(5 + (int)length, LogShard.HashLength);
        if (kind == LogFrameKind.Header)
        {
            Header(payload, hash);
        }
        else if (kind is LogFrameKind.Batch or LogFrameKind.Roll or LogFrameKind.Seal)
        {
            Chained(kind, payload, hash);
        }
        else
        {
            throw new FormatException($"its kind {(byte)kind} is unknown.");
        }

        return LogFrames.Overhead + (int)length;
    }

    private void Header(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> hash)
    {
        if (_head is not null)
        {
            throw new FormatException("a second header.");
        }

        var cursor = new BinaryCursor(payload);
        if (!SHA256.HashData(payload).AsSpan().SequenceEqual(hash) || cursor.Byte() != LogFrames.Format
            || Encoding.UTF8.GetString(cursor.Bytes(cursor.Length())) != segment.TrustDomain
            || Encoding.UTF8.GetString(cursor.Bytes(cursor.Length())) != segment.Issuer
            || cursor.Unsigned() != (ulong)segment.Number)
        {
            throw new FormatException("the header is not this segment's.");
        }

        Begins = _head = new LogHead((long)cursor.Unsigned(), (long)cursor.Unsigned(), cursor.Bytes(LogShard.HashLength).ToArray());
        if (!cursor.AtEnd || (segment.Number == 0 && !Same(Begins, LogHead.Start)))
        {
            throw new FormatException("the header is malformed.");
        }
    }

    private void Chained(LogFrameKind kind, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> hash)
    {
        var head = _head ?? throw new FormatException("the header is missing.");
        var cursor = new BinaryCursor(payload);
        if (cursor.Unsigned() != (ulong)head.Number || cursor.Unsigned() != (ulong)head.Position)
        {
            throw new FormatException($"batch {head.Number} at position {head.Position} was due here.");
        }

        var count = cursor.Unsigned();
        var body = cursor.Bytes(cursor.Remaining);
        if (count > (ulong)body.Length || (count == 0) != (kind != LogFrameKind.Batch))
        {
            throw new FormatException("its count of records is wrong.");
        }

        Span<byte> computed = stackalloc byte[LogShard.HashLength];
        _batch.Begin(head.Hash, segment.TrustDomain, segment.Issuer, head.Number, head.Position, (int)count);
        _batch.AddBody(body);
        _batch.Hash(computed);
        if (!computed.SequenceEqual(hash))
        {
            throw new FormatException($"the hash of batch {head.Number} is wrong.");
        }

        if (kind == LogFrameKind.Batch)
        {
            Read(body, (int)count, Length + 5 + payload.Length - body.Length, head.Position);
        }
        else if (!body.SequenceEqual(LogFrames.Word(kind)))
        {
            throw new FormatException("its word is wrong.");
        }
        else
        {
            End = kind;
        }

        _head = new LogHead(head.Number + 1, head.Position + (long)count, hash.ToArray());
        Blocks++;
    }

    private void Read(ReadOnlySpan<byte> body, int count, int offset, long position)
    {
        var first = _records.Count;
        var range = Range;
        var cursor = new BinaryCursor(body);
        while (!cursor.AtEnd)
        {
            var bytes = cursor.Bytes(cursor.Length());
            var start = offset + body.Length - cursor.Remaining - bytes.Length;
            var record = IssuanceRecordEncoding.Read(bytes, segment.TrustDomain, segment.Issuer);
            var issuedAt = record.IssuedAt.ToUnixTimeSeconds();
            var entry = new LogSegmentRecord(
                LogPosition.Of(issuedAt, position + _records.Count - first, segment.Issuer),
                LogHash.Serial(segment.TrustDomain, record.Serial), LogHash.Identity(record.SpiffeId), issuedAt, record.NotBefore.ToUnixTimeSeconds(),
                record.Kind == IssuanceRecordKind.X509Svid ? record.NotAfter.ToUnixTimeSeconds() : 0, start, bytes.Length);
            range = range.With(entry);
            _records.Add(entry);
        }

        if (_records.Count - first != count)
        {
            throw new FormatException($"the batch holds {_records.Count - first} records, not {count}.");
        }

        Range = range;
    }

    public static bool Same(LogHead one, LogHead other)
        => one.Number == other.Number && one.Position == other.Position && one.Hash.AsSpan().SequenceEqual(other.Hash);
}
