using System.Runtime.CompilerServices;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Solo;

/// <summary>
/// One stored record of one activation. Its operations run one after the other, and writes that wait together are one write
/// of the state as it is when its turn comes, so that an interleaving grain does not conflict with itself.
/// </summary>
internal sealed class PersistentState<T>(string name, GrainId grainId, IGrainStorage store) : IPersistentState<T>, IPersistentRecord
{
    private readonly GrainState<T> _record = new(NewState());
    private Task _last = Task.CompletedTask;
    private Task? _waitingWrite;
    private bool _loaded;

    public T State
    {
        get => Own()._record.State!;
        set => Own()._record.State = value;
    }

    public string? Etag => _record.ETag;

    public bool RecordExists => _loaded ? _record.RecordExists : throw new InvalidOperationException("The state has not been read yet.");

    public Task LoadAsync(CancellationToken cancellationToken) => ReadStateAsync(cancellationToken);

    public Task ReadStateAsync() => ReadStateAsync(CancellationToken.None);

    public Task WriteStateAsync() => WriteStateAsync(CancellationToken.None);

    public Task ClearStateAsync() => ClearStateAsync(CancellationToken.None);

    public Task ReadStateAsync(CancellationToken cancellationToken) => Own()._last = RunAsync("reading", async () =>
    {
        await store.ReadStateAsync(name, grainId, _record, cancellationToken);
        _loaded = true;
    }, cancellationToken);

    public Task ClearStateAsync(CancellationToken cancellationToken) => Own()._last = RunAsync(
        "clearing", () => store.ClearStateAsync(name, grainId, _record, cancellationToken), cancellationToken);

    public Task WriteStateAsync(CancellationToken cancellationToken)
    {
        if (Own()._waitingWrite is { } waiting && _last == waiting && !cancellationToken.CanBeCanceled)
        {
            return waiting;
        }

        var write = RunAsync("writing", () =>
        {
            _waitingWrite = null;
            return store.WriteStateAsync(name, grainId, _record, cancellationToken);
        }, cancellationToken);
        _waitingWrite = cancellationToken.CanBeCanceled ? null : write;
        return _last = write;
    }

    private static T NewState() => typeof(T).IsValueType || typeof(T).GetConstructor(Type.EmptyTypes) is not null
        ? Activator.CreateInstance<T>()
        : (T)RuntimeHelpers.GetUninitializedObject(typeof(T));

    private async Task RunAsync(string what, Func<Task> operation, CancellationToken cancellationToken)
    {
        var before = _last;
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.ContinueOnCapturedContext);
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await operation();
        }
        catch (Exception failure) when (failure is not OrleansException && !(failure is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw new OrleansException($"The store failed {what} '{name}' of {grainId}: {failure.Message}", failure);
        }
    }

    private PersistentState<T> Own() => RuntimeContext.Current is null
        ? throw new InvalidOperationException($"'{name}' of {grainId} was used outside the turns of a grain.")
        : this;
}
