using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Storage;

/// <summary>The commands that wait for the log's thread, a bounded number of them.</summary>
internal sealed class LogCommands(int capacity)
{
    private readonly Lock _gate = new();
    private readonly Queue<LogCommand> _waiting = [];
    private bool _closed;

    /// <returns>False when too many wait or the log is closing.</returns>
    public bool TryAdd(LogCommand command)
    {
        lock (_gate)
        {
            if (_closed || _waiting.Count >= capacity)
            {
                return false;
            }

            _waiting.Enqueue(command);
            return true;
        }
    }

    public bool TryTake([NotNullWhen(true)] out LogCommand? command)
    {
        lock (_gate)
        {
            return _waiting.TryDequeue(out command);
        }
    }

    /// <summary>Takes nothing more in; what waits can still be taken.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }
}
