namespace MeshGrains.Storage;

/// <summary>First and last second of issue in a segment, and the last second of any leaf's life; of an empty one, nothing.</summary>
internal readonly record struct SegmentRange(long First, long Last, long Ends, int Records)
{
    public static SegmentRange Empty { get; } = new(long.MaxValue, long.MinValue, 0, 0);

    public SegmentRange With(in LogSegmentRecord record)
        => new(Math.Min(First, record.IssuedAt), Math.Max(Last, record.IssuedAt), Math.Max(Ends, record.NotAfter), Records + 1);
}
