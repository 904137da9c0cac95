using MeshGrains.Rpc.Server;

namespace MeshGrains.Rpc;

/// <summary>
/// What the health service answers. Set it from wherever readiness is known; watchers hear of it at once. Safe for use from many threads.
/// </summary>
/// <remarks>A watcher that lags sees the newest state only: nothing queues up.</remarks>
public sealed class RpcHealth
{
    /// <summary>The name under which the server as a whole is asked for.</summary>
    public const string Server = "";

    /// <summary>Watchers at once, over all connections; each holds a stream for as long as it likes.</summary>
    public const int MaxWatchers = 1000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, RpcServingStatus> _services = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = NewSignal();

    /// <param name="service">A full service name, or <see cref="Server"/>.</param>
    public void Set(string service, RpcServingStatus status)
    {
        ArgumentNullException.ThrowIfNull(service);
        TaskCompletionSource before;
        lock (_gate)
        {
            if (_services.TryGetValue(service, out RpcServingStatus present) && present == status)
            {
                return;
            }

            _services[service] = status;
            before = _changed;
            _changed = NewSignal();
        }

        before.SetResult();
    }

    /// <summary>Null for a service that nobody has set.</summary>
    public RpcServingStatus? Get(string service)
    {
        lock (_gate)
        {
            return _services.TryGetValue(service, out RpcServingStatus status) ? status : null;
        }
    }

    internal StreamPlaces Watchers { get; } = new(MaxWatchers);

    /// <summary>The state now, and what completes at the next change of any service.</summary>
    internal (RpcServingStatus? Status, Task Changed) Observe(string service)
    {
        lock (_gate)
        {
            return (_services.TryGetValue(service, out RpcServingStatus status) ? status : null, _changed.Task);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
