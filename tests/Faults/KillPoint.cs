using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace MeshGrains.Faults;

/// <summary>Kills this process, with no chance to clean up, at the n-th passing of a named diagnostic point.</summary>
internal sealed partial class KillPoint : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    private const int SigKill = 9;

    private readonly string _name;
    private int _left;

    private KillPoint(string name, int occurrence)
    {
        _name = name;
        _left = occurrence;
    }

    /// <summary>Reads <c>name:n</c>, n from 1.</summary>
    public static KillPoint Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var occurrence) && occurrence > 0
            ? new KillPoint(text[..colon], occurrence)
            : throw new ArgumentException($"MESH_FAULT_KILL_AT is '{text}', not a point and a count such as log.batch.written:37.");
    }

    public void Watch() => DiagnosticListener.AllListeners.Subscribe(this);

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name.StartsWith("MeshGrains.", StringComparison.Ordinal))
        {
            value.Subscribe(this, name => name == _name);
        }
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value.Key == _name && Interlocked.Decrement(ref _left) == 0)
        {
            _ = Kill(Environment.ProcessId, SigKill);

            // The signal may take a moment; this thread must not get past its point meanwhile.
            Thread.Sleep(Timeout.Infinite);
        }
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
