namespace MeshGrains.Storage;

/// <summary>
/// First and last second of issue in a segment, the last second of any leaf's life, and the first and last notBefore; of an empty one, nothing.
/// </summary>
internal readonly record struct SegmentRange(long First, long Last, long Ends, int Records, long Oldest, long Youngest)
{
    public static SegmentRange Empty { get; } = new(long.MaxValue, long.MinValue, 0, 0, long.MaxValue, long.MinValue);

    public SegmentRange With(in LogSegmentRecord record) => new(
        Math.Min(First, record.IssuedAt), Math.Max(Last, record.IssuedAt), Math.Max(Ends, record.NotAfter), Records + 1,
        Math.Min(Oldest, record.NotBefore), Math.Max(Youngest, record.NotBefore));
}
