using System.Threading.Channels;
using MeshGrains.Grains;
using Wire = MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Agents;

/// <summary>One connected agent: who it is, what it last reported, and whether there is something new for it. Signals coalesce into one.</summary>
internal sealed class AgentConnection(AgentStanding standing, string address, DateTimeOffset since) : IDisposable
{
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _replaced = new();
    private int _entriesDirty = 1;

    public AgentStanding Standing => standing;

    public string Address => address;

    public DateTimeOffset Since => since;

    /// <summary>Cancelled when a later stream of the same agent took this one's place.</summary>
    public CancellationToken Replaced => _replaced.Token;

    /// <summary>The newest report; null before the first.</summary>
    public Wire.AgentReport? Report { get; set => Volatile.Write(ref field, value); }

    public void Replace() => _replaced.Cancel();

    /// <summary>There may be something new.</summary>
    /// <param name="entries">Among the agent's entries, so that they have to be read again.</param>
    public void Wake(bool entries)
    {
        if (entries)
        {
            Volatile.Write(ref _entriesDirty, 1);
        }

        _wake.Writer.TryWrite(true);
    }

    public ValueTask<bool> WokenAsync(CancellationToken cancellationToken) => _wake.Reader.ReadAsync(cancellationToken);

    /// <summary>Whether the entries have to be read; asking takes the mark away, so it is asked before reading.</summary>
    public bool TakeEntriesDirty() => Interlocked.Exchange(ref _entriesDirty, 0) == 1;

    public void Dispose() => _replaced.Dispose();
}
