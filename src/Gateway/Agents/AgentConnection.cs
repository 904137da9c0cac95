using System.Threading.Channels;
using MeshGrains.Grains;
using Wire = MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Agents;

/// <summary>
/// One connected agent: who it is, what it last reported, and whether there is something new for it. Signals coalesce into one. It has no timer of its
/// own: <see cref="AgentRoster"/> looks over all of them. Times are <see cref="TimeProvider"/> timestamps.
/// </summary>
/// <param name="standing">The agent.</param>
/// <param name="address">Where it calls from.</param>
/// <param name="since">When the stream began.</param>
/// <param name="client">The SVID that it showed; null in a test that needs none.</param>
internal sealed class AgentConnection(AgentStanding standing, string address, DateTimeOffset since, ParsedClientChain? client = null) : IDisposable
{
    private const long Nothing = long.MinValue;

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _ended = new();
    private int _entriesDirty = 1;
    private int _untold = 1;
    private long _rereadAt = long.MaxValue;
    private long _leaveAt = long.MaxValue;
    private long _changedAt = Nothing;

    public AgentStanding Standing => standing;

    public string Address => address;

    public DateTimeOffset Since => since;

    /// <summary>Of the SVID that it showed, lowercase hex.</summary>
    public string Serial => client?.Serial ?? "";

    /// <summary>The end of that SVID, skew included.</summary>
    public DateTimeOffset NotAfter => client?.Until ?? default;

    /// <summary>Cancelled when the gateway ends the stream: <see cref="IsReplaced"/> tells why.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>A later stream of the same agent took this one's place; else this process is stopping.</summary>
    public bool IsReplaced { get; private set; }

    /// <summary>The newest report; null before the first.</summary>
    public Wire.AgentReport? Report { get; set => Volatile.Write(ref field, value); }

    public void Replace()
    {
        IsReplaced = true;
        End();
    }

    /// <summary>The stream ends well, and the agent moves on, once <see cref="IsLeaving"/> says so.</summary>
    public void LeaveAt(long timestamp) => Lower(ref _leaveAt, timestamp);

    public bool IsLeaving(long now) => Volatile.Read(ref _leaveAt) <= now;

    public void End()
    {
        try
        {
            _ended.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself.
        }
    }

    /// <summary>There may be something new.</summary>
    /// <param name="entries">Among the agent's entries, so that they have to be read again.</param>
    /// <param name="now">When it became known; null when nothing did and it is only looked after.</param>
    public void Wake(bool entries, long? now = null)
    {
        if (entries)
        {
            Volatile.Write(ref _entriesDirty, 1);
        }

        if (now is { } known)
        {
            Interlocked.CompareExchange(ref _changedAt, known, Nothing);
        }

        _wake.Writer.TryWrite(true);
    }

    public ValueTask<bool> WokenAsync(CancellationToken cancellationToken) => _wake.Reader.ReadAsync(cancellationToken);

    /// <summary>Takes the signal without waiting; false when there is none.</summary>
    public bool TryTakeWake() => _wake.Reader.TryRead(out _);

    /// <summary>Whether the entries have to be read; asking takes the mark away, so it is asked before reading, and the next reading is set before that too.</summary>
    public bool TakeEntriesDirty() => Interlocked.Exchange(ref _entriesDirty, 0) == 1;

    /// <summary>Since when something is known that was not pushed; null when nothing is. Asking takes the mark away.</summary>
    public long? TakeChangedAt() => Interlocked.Exchange(ref _changedAt, Nothing) is var at and not Nothing ? at : null;

    /// <summary>Puts the next reading of the entries to this moment, whatever it was before.</summary>
    public void RereadAt(long timestamp) => Volatile.Write(ref _rereadAt, timestamp);

    /// <summary>Brings the next reading forward.</summary>
    public void RereadBy(long timestamp) => Lower(ref _rereadAt, timestamp);

    /// <summary>Whether the entries are due; asking takes the mark away.</summary>
    public bool TakeRereadDue(long now)
    {
        var at = Volatile.Read(ref _rereadAt);
        return at <= now && Interlocked.CompareExchange(ref _rereadAt, long.MaxValue, at) == at;
    }

    /// <summary>There is something that the roster does not know yet.</summary>
    public void MarkUntold() => Volatile.Write(ref _untold, 1);

    /// <summary>Whether there is; asking takes the mark away, so it is asked before telling.</summary>
    public bool TakeUntold() => Interlocked.Exchange(ref _untold, 0) == 1;

    public void Dispose() => _ended.Dispose();

    private static void Lower(ref long place, long value)
    {
        for (var known = Volatile.Read(ref place); value < known;)
        {
            var seen = Interlocked.CompareExchange(ref place, value, known);
            if (seen == known)
            {
                return;
            }

            known = seen;
        }
    }
}
