using System.Collections.Concurrent;

namespace MeshGrains.Solo.Tests.Behaviour;

/// <summary>
/// What a test and its grains share, beside messages: marks that grains leave and tests await, and gates that tests open and grains await.
/// It is one object in one process, registered in the silo's services.
/// </summary>
public sealed class Probe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _awaited = new();
    private readonly ConcurrentDictionary<string, int> _marks = new();
    private readonly ConcurrentDictionary<string, byte> _faults = new();
    private readonly ConcurrentQueue<string> _log = new();

    public IReadOnlyCollection<string> Log => _log;

    public void Write(string entry) => _log.Enqueue(entry);

    public void Mark(string name)
    {
        var count = _marks.AddOrUpdate(name, 1, (_, old) => old + 1);
        for (var reached = 1; reached <= count; reached++)
        {
            Source(_awaited, $"{name}#{reached}").TrySetResult();
        }
    }

    public int Marks(string name) => _marks.GetValueOrDefault(name);

    public Task Marked(string name, int times = 1) => Source(_awaited, $"{name}#{times}").Task.WaitAsync(Patience);

    public void Open(string gate) => Source(_gates, gate).TrySetResult();

    public Task Opened(string gate) => Source(_gates, gate).Task.WaitAsync(Patience);

    public void Break(string what) => _faults[what] = 1;

    public void Mend(string what) => _faults.TryRemove(what, out _);

    public bool IsBroken(string what) => _faults.ContainsKey(what);

    private static TaskCompletionSource Source(ConcurrentDictionary<string, TaskCompletionSource> sources, string name) =>
        sources.GetOrAdd(name, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}
