namespace MeshGrains.Storage;

/// <summary>A shard's closed segments at one moment. Which of them hold a notBefore takes a binary search, however many there are.</summary>
internal sealed class SegmentTable
{
    private readonly (LogSegment Segment, SegmentRange Range)[] _segments;

    // Ranges of neighbours overlap: up to here the youngest begin at this, and from here on the oldest at that. Both rise.
    private readonly long[] _youngest;
    private readonly long[] _oldest;

    /// <param name="segments">In the order of their numbers.</param>
    public SegmentTable((LogSegment Segment, SegmentRange Range)[] segments)
    {
        _segments = segments;
        _youngest = new long[segments.Length];
        _oldest = new long[segments.Length];
        var (youngest, oldest) = (long.MinValue, long.MaxValue);
        for (var i = 0; i < segments.Length; i++)
        {
            _youngest[i] = youngest = Math.Max(youngest, segments[i].Range.Youngest);
            Records += segments[i].Range.Records;
        }

        for (var i = segments.Length - 1; i >= 0; i--)
        {
            _oldest[i] = oldest = Math.Min(oldest, segments[i].Range.Oldest);
        }
    }

    public long Records { get; }

    public int Count => _segments.Length;

    /// <summary>The newest segment's number; -1 when there is none.</summary>
    public int Newest => _segments.Length == 0 ? -1 : _segments[^1].Segment.Number;

    /// <summary>Newest first.</summary>
    public IEnumerable<(LogSegment Segment, SegmentRange Range)> All => _segments.Reverse();

    /// <summary>The segments with certificates that begin before and after this second, newest first.</summary>
    public List<(LogSegment Segment, SegmentRange Range)> Holding(long notBefore)
    {
        var found = new List<(LogSegment, SegmentRange)>();
        var first = Array.BinarySearch(_youngest, notBefore);
        first = first < 0 ? ~first : first;
        while (first > 0 && _youngest[first - 1] >= notBefore)
        {
            first--;
        }

        for (var i = first; i < _segments.Length && _oldest[i] <= notBefore; i++)
        {
            if (_segments[i].Range.Oldest <= notBefore && _segments[i].Range.Youngest >= notBefore)
            {
                found.Add(_segments[i]);
            }
        }

        found.Reverse();
        return found;
    }
}
