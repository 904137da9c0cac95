namespace MeshGrains.Gateway.Serving;

/// <summary>
/// Lets so many log lines a second through and counts the rest: what anyone can cause from outside must not become a flood of lines.
/// </summary>
internal sealed class LineBudget(TimeProvider time, int linesPerSecond)
{
    private readonly Lock _gate = new();
    private long _second;
    private int _told;
    private long _suppressed;

    /// <param name="suppressed">Lines held back until this second, to be told beside the line that may be written; mostly 0.</param>
    public bool MayTell(out long suppressed)
    {
        var second = time.GetTimestamp() / time.TimestampFrequency;
        lock (_gate)
        {
            suppressed = 0;
            if (second != _second)
            {
                (_second, _told) = (second, 0);
                (suppressed, _suppressed) = (_suppressed, 0);
            }

            if (_told >= linesPerSecond)
            {
                _suppressed++;
                return false;
            }

            _told++;
            return true;
        }
    }
}
