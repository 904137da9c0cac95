using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class SerialPageTests
{
    private static readonly LogSegment Name = new(Records.TrustDomain, Records.Issuer, 0);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(150)]
    [InlineData(151)]
    [InlineData(5000)]
    public void Every_record_is_in_its_page_and_no_other_serial_is(int records)
    {
        var segment = Segment(Enumerable.Range(0, records));
        var pages = new Pages(segment);
        Assert.InRange(pages.Bytes.Length, SerialPage.Size, SerialPage.Size * ((records / 130) + 2));
        foreach (var record in segment.Records)
        {
            Assert.Contains((record.Offset, record.Length), pages.Find(record.SerialHash));
        }

        Assert.InRange(Enumerable.Range(1_000_000, 1000).Count(number => pages.Find(LogHash.Serial(Records.TrustDomain, Records.Serial(number))).Count > 0), 0, 1);
    }

    [Fact]
    public void A_page_that_is_full_goes_on_in_others()
    {
        // Of 700 records, which have five pages, more than three pages' worth choose the same one.
        const int All = 700;
        var numbers = Enumerable.Range(0, 10_000).Where(number => Page(number) == 3).Take(600).Concat(Enumerable.Range(0, 10_000).Where(number => Page(number) == 0).Take(100));
        var segment = Segment(numbers);
        Assert.Equal(All, segment.Records.Count);
        var pages = new Pages(segment);
        Assert.Equal(5 + 3, pages.Bytes.Length / SerialPage.Size);
        foreach (var record in segment.Records)
        {
            Assert.Contains((record.Offset, record.Length), pages.Find(record.SerialHash));
        }

        static int Page(int number) => SerialPage.Of(LogHash.Serial(Records.TrustDomain, Records.Serial(number)), All);
    }

    [Fact]
    public void No_changed_byte_of_a_page_passes_and_no_page_passes_for_another()
    {
        var segment = Segment(Enumerable.Range(0, 200));
        var authenticator = BlobLogFixture.Authenticator(0);
        var bytes = SerialPage.Encode(segment, authenticator);
        var page = bytes[..SerialPage.Size];
        Assert.NotNull(SerialPage.Decode(page, Name, 200, 0, authenticator));
        for (var at = 0; at < page.Length; at++)
        {
            page[at] ^= 0x10;
            Assert.Null(SerialPage.Decode(page, Name, 200, 0, authenticator));
            page[at] ^= 0x10;
        }

        Assert.Null(SerialPage.Decode(page, Name, 200, 1, authenticator));
        Assert.Null(SerialPage.Decode(bytes[SerialPage.Size..], Name, 200, 0, authenticator));
        Assert.Null(SerialPage.Decode(page, Name, 301, 0, authenticator));
        Assert.Null(SerialPage.Decode(page, Name.Next(), 200, 0, authenticator));
        Assert.Null(SerialPage.Decode(page, Name, 200, 0, BlobLogFixture.Authenticator(1)));
        Assert.Null(SerialPage.Decode(page[..^1], Name, 200, 0, authenticator));
    }

    [Fact]
    public void An_entry_proves_its_record_alone()
    {
        var segment = Segment(Enumerable.Range(0, 20));
        var authenticator = BlobLogFixture.Authenticator(0);
        var page = SerialPage.Decode(SerialPage.Encode(segment, authenticator), Name, 20, 0, authenticator)!;
        var (_, _, entry) = Assert.Single(page.Find(segment.Records[4].SerialHash));
        var record = segment.BytesOf(segment.Records[4]).ToArray();
        Assert.True(page.Proves(entry, record, Name, authenticator));
        Assert.False(page.Proves(entry, segment.BytesOf(segment.Records[5]), Name, authenticator));
        Assert.False(page.Proves(entry, record, Name.Next(), authenticator));
        for (var at = 0; at < record.Length; at++)
        {
            record[at] ^= 1;
            Assert.False(page.Proves(entry, record, Name, authenticator));
            record[at] ^= 1;
        }
    }

    [Fact]
    public void A_table_names_the_segments_that_hold_a_time_and_no_others()
    {
        var random = new Random(7);
        var segments = Enumerable.Range(0, 300).Select(number =>
        {
            var oldest = (number * 100L) - random.Next(400);
            return (Name with { Number = number }, number % 50 == 7 ? SegmentRange.Empty : new SegmentRange(0, 0, 0, 1, oldest, oldest + random.Next(500)));
        }).ToArray();
        var table = new SegmentTable(segments);
        for (var second = -1000L; second < 31_000; second += 13)
        {
            Assert.Equal(segments.Where(one => one.Item2.Oldest <= second && one.Item2.Youngest >= second).Reverse(), table.Holding(second));
        }

        Assert.Empty(new SegmentTable([]).Holding(1));
        Assert.Equal(-1, new SegmentTable([]).Newest);
    }

    private static ParsedSegment Segment(IEnumerable<int> numbers)
    {
        var frames = new LogFrames(Records.TrustDomain, Records.Issuer);
        var block = new BinaryBuffer(1024);
        frames.Header(block, 0, LogHead.Start);
        var appends = numbers.Select(number =>
        {
            var append = new PendingAppend(_ => { });
            append.Fill(Records.Leaf(number));
            return append;
        }).ToList();
        frames.Mark(block, LogFrameKind.Roll, appends.Count == 0 ? LogHead.Start : frames.Batch(block, LogHead.Start, appends));
        var parsed = new ParsedSegment(Name);
        parsed.Extend(block.Written);
        return parsed;
    }

    private sealed class Pages(ParsedSegment segment)
    {
        private readonly RecordAuthenticator _authenticator = BlobLogFixture.Authenticator(0);

        public byte[] Bytes { get; } = SerialPage.Encode(segment, BlobLogFixture.Authenticator(0));

        public List<(int Offset, int Length)> Find(long serialHash)
        {
            var found = new List<(int, int)>();
            var number = SerialPage.Of(serialHash, segment.Records.Count);
            do
            {
                var page = SerialPage.Decode(
                    Bytes.AsSpan(number * SerialPage.Size, SerialPage.Size).ToArray(), Name, segment.Records.Count, number, _authenticator);
                Assert.NotNull(page);
                found.AddRange(page.Find(serialHash).Select(entry => (entry.Offset, entry.Length)));
                number = page.Next;
            }
            while (number != 0);

            return found;
        }
    }
}
