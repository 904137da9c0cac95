using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MeshGrains.Storage;

/// <summary>
/// Writes frames of a segment: kind, length of the payload (4 bytes, little-endian), payload, SHA-256. A batch's payload is number, first
/// position, count and body, and its hash is that of <see cref="LogBatch"/>; roll and seal are batches of no records with their own word as body.
/// A header's payload is format, trust domain, issuer, segment, and the head that the segment goes on from; its hash is of the payload.
/// </summary>
internal sealed class LogFrames(string trustDomain, string issuer)
{
    public const byte Format = 1;
    public const int Overhead = 5 + LogShard.HashLength;

    /// <summary>What one append takes at most, below Azure's 4 MiB.</summary>
    public const int MaxBlock = 2 << 20;

    private readonly LogBatch _batch = new();
    private readonly BinaryBuffer _payload = new(4096);

    public static byte[] Word(LogFrameKind kind) => kind == LogFrameKind.Seal ? "seal"u8.ToArray() : "roll"u8.ToArray();

    public void Header(BinaryBuffer block, int segment, LogHead head)
    {
        _payload.Clear();
        _payload.Byte(Format);
        Text(trustDomain);
        Text(issuer);
        _payload.Unsigned((ulong)segment);
        _payload.Unsigned((ulong)head.Number);
        _payload.Unsigned((ulong)head.Position);
        _payload.Bytes(head.Hash);
        Frame(block, LogFrameKind.Header, SHA256.HashData(_payload.Written));
    }

    /// <summary>Writes a batch and gives the head after it.</summary>
    public LogHead Batch(BinaryBuffer block, LogHead head, IReadOnlyList<PendingAppend> appends)
    {
        _batch.Begin(head.Hash, trustDomain, issuer, head.Number, head.Position, appends.Count);
        foreach (var append in appends)
        {
            _batch.Add(append.Bytes);
        }

        return Chained(block, LogFrameKind.Batch, head, appends.Count);
    }

    /// <summary>Writes a roll or a seal and gives the head after it.</summary>
    public LogHead Mark(BinaryBuffer block, LogFrameKind kind, LogHead head)
    {
        _batch.Begin(head.Hash, trustDomain, issuer, head.Number, head.Position, 0);
        _batch.AddBody(Word(kind));
        return Chained(block, kind, head, 0);
    }

    private LogHead Chained(BinaryBuffer block, LogFrameKind kind, LogHead head, int records)
    {
        var hash = new byte[LogShard.HashLength];
        _batch.Hash(hash);
        _payload.Clear();
        _payload.Unsigned((ulong)head.Number);
        _payload.Unsigned((ulong)head.Position);
        _payload.Unsigned((ulong)records);
        _payload.Bytes(_batch.Body);
        Frame(block, kind, hash);
        return new LogHead(head.Number + 1, head.Position + records, hash);
    }

    private void Frame(BinaryBuffer block, LogFrameKind kind, ReadOnlySpan<byte> hash)
    {
        block.Byte((byte)kind);
        BinaryPrimitives.WriteUInt32LittleEndian(block.Reserve(4), (uint)_payload.Length);
        block.Advance(4);
        block.Bytes(_payload.Written);
        block.Bytes(hash);
    }

    private void Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        _payload.Unsigned((ulong)bytes.Length);
        _payload.Bytes(bytes);
    }
}
