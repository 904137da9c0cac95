using System.Buffers.Binary;
using System.Security.Cryptography;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// Pages of the serials of a closed segment, 4 KiB each, so that one range read tells where a serial's record lies. A serial's key chooses its
/// page, one of <c>records / 150</c> rounded up; what does not fit there is in further pages, each named by the one before. A page: format,
/// pages that keys choose from, its own number, the page that it goes on in (0 when none), entries, the segment's length, the hash of its last
/// frame, entries, zeros, tag. An entry: low half of the key, offset and length of the record, and a proof of the record's bytes. Numbers are
/// little-endian. Tag and proofs are made with the record key, by who has checked the segment's chain: an edited page is known for one, and so is
/// a record that was changed since.
/// </summary>
internal sealed class SerialPage
{
    public const int Size = 4096;

    private const byte Format = 1;
    private const int HeadLength = 19 + LogShard.HashLength;
    private const int ProofLength = 12;
    private const int EntryLength = 10 + ProofLength;
    private const int TagAt = Size - IRecordAuthenticator.TagLength;
    private const int Capacity = (TagAt - HeadLength) / EntryLength;
    private const int Usual = 150;

    private readonly byte[] _bytes;

    private SerialPage(byte[] bytes) => _bytes = bytes;

    /// <summary>The page that this one goes on in; 0 when it does not.</summary>
    public int Next => (int)Number(_bytes, 9);

    /// <summary>The length of the segment.</summary>
    public int SegmentLength => (int)Number(_bytes, 15);

    /// <summary>The hash of the segment's last frame.</summary>
    public ReadOnlySpan<byte> SegmentHash => _bytes.AsSpan(19, LogShard.HashLength);

    /// <summary>Which page a serial's key is in, in a segment of so many records.</summary>
    public static int Of(long serialHash, int records) => Choose(LogHash.Mixed(serialHash), Pages(records));

    /// <summary>All pages of a closed segment.</summary>
    /// <exception cref="RecordKeyUnavailableException">The record key is not there yet.</exception>
    public static byte[] Encode(ParsedSegment segment, IRecordAuthenticator authenticator)
    {
        var pages = Pages(segment.Records.Count);
        var chosen = new List<LogSegmentRecord>[pages];
        foreach (var record in segment.Records)
        {
            (chosen[Of(record.SerialHash, segment.Records.Count)] ??= []).Add(record);
        }

        var all = pages + chosen.Sum(records => records is null ? 0 : Math.Max(0, (records.Count - 1) / Capacity));
        var bytes = new byte[all * Size];
        var secret = Secret(authenticator, segment.Segment, segment.Length, segment.Head.Hash);
        var further = pages;
        for (var number = 0; number < pages; number++)
        {
            var records = chosen[number] ?? [];
            var (at, first) = (number, 0);
            do
            {
                var rest = records.Count - first;
                var next = rest > Capacity ? further++ : 0;
                var part = records.GetRange(first, Math.Min(rest, Capacity));
                Write(bytes.AsSpan(at * Size, Size), segment, part, pages, at, next, secret, authenticator);
                (at, first) = (next, first + part.Count);
            }
            while (at != 0);
        }

        return bytes;
    }

    /// <returns>Null when the bytes are not this page of this segment with so many records, as who has the record key wrote it.</returns>
    /// <exception cref="RecordKeyUnavailableException">The record key is not there yet.</exception>
    public static SerialPage? Decode(byte[] bytes, LogSegment segment, int records, int number, IRecordAuthenticator authenticator)
        => bytes.Length == Size && bytes[0] == Format && Number(bytes, 1) == Pages(records) && Number(bytes, 5) == number
            && BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(13)) <= Capacity
            && CryptographicOperations.FixedTimeEquals(authenticator.Tag(Key(segment), number, bytes.AsSpan(0, TagAt)), bytes.AsSpan(TagAt))
            ? new SerialPage(bytes)
            : null;

    /// <summary>Where records with a serial's key lie, nearly always one or none.</summary>
    public List<(int Offset, int Length, int Entry)> Find(long serialHash)
    {
        var found = new List<(int, int, int)>(1);
        var low = (uint)LogHash.Mixed(serialHash);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(13));
        for (var (i, at) = (0, HeadLength); i < count; i++, at += EntryLength)
        {
            if (Number(_bytes, at) == low)
            {
                found.Add(((int)Number(_bytes, at + 4), BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(at + 8)), at));
            }
        }

        return found;
    }

    /// <summary>True when the bytes are those that the entry was made from.</summary>
    public bool Proves(int entry, ReadOnlySpan<byte> record, LogSegment segment, IRecordAuthenticator authenticator)
    {
        Span<byte> proof = stackalloc byte[ProofLength];
        Prove(Secret(authenticator, segment, SegmentLength, SegmentHash), record, proof);
        return CryptographicOperations.FixedTimeEquals(proof, _bytes.AsSpan(entry + 10, ProofLength));
    }

    private static void Write(
        Span<byte> page, ParsedSegment segment, List<LogSegmentRecord> records, int pages, int number, int next, byte[] secret, IRecordAuthenticator authenticator)
    {
        page[0] = Format;
        BinaryPrimitives.WriteUInt32LittleEndian(page[1..], (uint)pages);
        BinaryPrimitives.WriteUInt32LittleEndian(page[5..], (uint)number);
        BinaryPrimitives.WriteUInt32LittleEndian(page[9..], (uint)next);
        BinaryPrimitives.WriteUInt16LittleEndian(page[13..], (ushort)records.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(page[15..], (uint)segment.Length);
        segment.Head.Hash.CopyTo(page[19..]);
        var at = HeadLength;
        foreach (var record in records)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(page[at..], (uint)LogHash.Mixed(record.SerialHash));
            BinaryPrimitives.WriteUInt32LittleEndian(page[(at + 4)..], (uint)record.Offset);
            BinaryPrimitives.WriteUInt16LittleEndian(page[(at + 8)..], (ushort)record.Length);
            Prove(secret, segment.BytesOf(record), page.Slice(at + 10, ProofLength));
            at += EntryLength;
        }

        authenticator.Tag(Key(segment.Segment), number, page[..TagAt]).CopyTo(page[TagAt..]);
    }

    // The secret comes first and what is kept is a part of the hash, so that nobody without the record key can make one or lengthen one.
    private static void Prove(byte[] secret, ReadOnlySpan<byte> record, Span<byte> proof)
    {
        var length = secret.Length + record.Length;
        var text = length <= 1024 ? stackalloc byte[length] : new byte[length];
        secret.CopyTo(text);
        record.CopyTo(text[secret.Length..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        hash[..ProofLength].CopyTo(proof);
    }

    private static byte[] Secret(IRecordAuthenticator authenticator, LogSegment segment, int length, ReadOnlySpan<byte> hash)
        => authenticator.Tag($"{Key(segment)}/proofs", length, hash);

    private static string Key(LogSegment segment) => $"issuance-log/{segment.SerialsName}";

    private static int Pages(int records) => Math.Max(1, (records + Usual - 1) / Usual);

    private static int Choose(ulong key, int pages) => (int)(((key >> 32) * (ulong)pages) >> 32);

    private static uint Number(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
}
