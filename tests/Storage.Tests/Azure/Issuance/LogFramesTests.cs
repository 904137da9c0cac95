namespace MeshGrains.Storage.Tests;

/// <summary>The bytes that are stored: a later version has to read exactly these.</summary>
public sealed class LogFramesTests
{
    private const string Header =
        "0158000000010a6d6573682e6c6f63616c2834663163326433653030303030303030303030303030303030303030303030303030303030303031000001"
        + "0000000000000000000000000000000000000000000000000000000000000000";

    [Fact]
    public void Header_batch_roll_and_seal_have_their_bytes_and_are_read_again()
    {
        var frames = new LogFrames(Records.TrustDomain, Records.Issuer);
        var block = new BinaryBuffer(1024);
        frames.Header(block, 0, LogHead.Start);
        Assert.StartsWith(Header, Convert.ToHexStringLower(block.Written));
        var header = block.Length;
        var append = new PendingAppend(_ => { });
        append.Fill(Records.Leaf(1));
        var head = frames.Batch(block, LogHead.Start, [append]);

        // The records' own bytes and the hash are those of the SQLite log's first batch but for the first position, which is the same: 1.
        Assert.Equal(
            "028c000000000101" + "8701014100000000000000000000000000000001562f6e732f73686f702f73612f736572766963652d3188e1de8d0e98397800410011223344"
            + "5566778899aabbccddeeff486b38733a70726f642f73686f702f6361727441ffeeddccbbaa998877665544332211000ee0cca2965509df678c8064f5e0b9076016fa752f88a6c749"
            + "768db83479450cc5" + "12e58270f73764613c187328e49db4202bd20fe51397489dbcc562abacb3608c",
            Convert.ToHexStringLower(block.Written[header..]), ignoreCase: false);
        Assert.Equal((1, 2), (head.Number, head.Position));

        foreach (var kind in (LogFrameKind[])[LogFrameKind.Roll, LogFrameKind.Seal])
        {
            var end = new BinaryBuffer(1024);
            end.Bytes(block.Written);
            var after = frames.Mark(end, kind, head);
            var mark = Convert.ToHexStringLower(end.Written[block.Length..]);
            Assert.StartsWith(kind == LogFrameKind.Roll ? "0307000000010200726f6c6c" : "04070000000102007365616c", mark);
            var parsed = new ParsedSegment(new LogSegment(Records.TrustDomain, Records.Issuer, 0));
            parsed.Extend(end.Written);
            Assert.Equal((kind, 2, 1), (parsed.End, parsed.Blocks, parsed.Records.Count));
            Assert.True(ParsedSegment.Same(after, parsed.Head));
            Assert.Equal(Records.Serial(1), parsed.Decode(parsed.Records[0]).Serial);
        }
    }

    [Fact]
    public void Any_changed_byte_and_any_cut_is_refused()
    {
        var frames = new LogFrames(Records.TrustDomain, Records.Issuer);
        var block = new BinaryBuffer(1024);
        frames.Header(block, 0, LogHead.Start);
        var header = block.Length;
        var append = new PendingAppend(_ => { });
        append.Fill(Records.Leaf(1));
        frames.Mark(block, LogFrameKind.Seal, frames.Batch(block, LogHead.Start, [append]));
        var batch = header + LogFrames.Overhead + 0x8c;
        var bytes = block.Written.ToArray();
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 1;
            Assert.Throws<MeshGrains.Grains.RecordTamperedException>(() => Parse(bytes));
            bytes[at] ^= 1;
            var cut = at;
            if (at != 0 && at != header && at != batch)
            {
                Assert.Throws<MeshGrains.Grains.RecordTamperedException>(() => Parse(bytes.AsSpan(0, cut)));
            }
        }

        Parse(bytes);
    }

    private static void Parse(ReadOnlySpan<byte> bytes) => new ParsedSegment(new LogSegment(Records.TrustDomain, Records.Issuer, 0)).Extend(bytes);
}
