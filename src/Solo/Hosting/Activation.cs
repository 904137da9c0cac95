using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Solo;

/// <summary>
/// One living instance of a grain: its mailbox, its turns, its timers. Requests run one at a time unless they may interleave;
/// every continuation runs on the activation's scheduler, so that no two turns ever overlap.
/// </summary>
internal sealed class Activation : IGrainContext
{
    private readonly SoloHost _host;
    private readonly GrainClass _class;
    private readonly TurnScheduler _turns;
    private readonly Lock _gate = new();
    private readonly Queue<Request> _waiting = new();
    private readonly HashSet<Request> _running = [];
    private readonly HashSet<GrainTimer> _timers = [];
    private readonly TaskCompletionSource _deactivated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _quiet = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private AsyncServiceScope? _scope;
    private State _state;
    private DeactivationReason? _reason;
    private CancellationToken _stopDeactivating;
    private long _lastUsed;

    public Activation(SoloHost host, GrainClass grainClass, (GrainId Id, int Worker) key)
    {
        (_host, _class, Key, _turns, _lastUsed) = (host, grainClass, key, new(this), host.Clock.GetTimestamp());
    }

    private enum State
    {
        Activating,
        Valid,
        Deactivating,
        Gone,
    }

    public (GrainId Id, int Worker) Key { get; }

    public GrainId GrainId => Key.Id;

    public object? GrainInstance { get; private set; }

    public IServiceProvider ActivationServices => (_scope ?? throw new InvalidOperationException($"{GrainId} is not active.")).ServiceProvider;

    public Task Deactivated => _deactivated.Task;

    public ReminderService Reminders => _host.Reminders;

    /// <summary>How many requests run or wait.</summary>
    public int Load
    {
        get
        {
            lock (_gate)
            {
                return _running.Count + _waiting.Count;
            }
        }
    }

    /// <exception cref="InvalidOperationException">The object is no grain of this host, or was not made by it.</exception>
    public static Activation Of(object grain) => grain is IGrainBase { GrainContext: Activation activation }
        ? activation
        : throw new InvalidOperationException($"{grain} is not a grain in this host: it derives from Grain or implements IGrainBase, and the host made it.");

    public void Begin() => _turns.Post(static self => _ = ((Activation)self!).ActivateAsync(), this);

    public object ReferenceAs(Type interfaceType) => GrainReference.Create(_host, interfaceType, GrainId);

    /// <returns>False when the activation is gone; another must take the request.</returns>
    public bool TryEnqueue(Request request)
    {
        lock (_gate)
        {
            if (_state == State.Gone)
            {
                return false;
            }

            if (_state == State.Valid && MayRun(request))
            {
                Run(request);
                return true;
            }

            if (request.IsLocal || _waiting.Count < _host.Options.MaxEnqueuedRequests)
            {
                _waiting.Enqueue(request);
                return true;
            }
        }

        _host.Refuse(GrainId, request, new LimitExceededException($"{GrainId} has {_host.Options.MaxEnqueuedRequests} requests waiting; {request.Name} was refused."));
        return true;
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_state is State.Deactivating or State.Gone || _reason is not null)
            {
                return;
            }

            (_reason, _stopDeactivating) = (deactivationReason, cancellationToken);
            if (_state == State.Valid)
            {
                BeginDeactivation();
            }
        }
    }

    public void DeactivateIfUnusedFor(TimeSpan age)
    {
        lock (_gate)
        {
            if (_state == State.Valid && _running.Count == 0 && _waiting.Count == 0 && _host.Clock.GetElapsedTime(_lastUsed) >= age)
            {
                Deactivate(new(DeactivationReasonCode.ActivationIdle, $"Unused for {age}."));
            }
        }
    }

    public IGrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        if (RuntimeContext.Current != this)
        {
            throw new InvalidOperationException($"A timer of {GrainId} must be registered in its own turns.");
        }

        var timer = Flow.Without(() => new GrainTimer(this, callback, options, _host.Clock));
        lock (_gate)
        {
            if (_state is State.Activating or State.Valid)
            {
                _timers.Add(timer);
                timer.Begin();
                return timer;
            }
        }

        timer.Dispose();
        return timer;
    }

    public void Forget(GrainTimer timer)
    {
        lock (_gate)
        {
            _timers.Remove(timer);
        }
    }

    private async Task ActivateAsync()
    {
        using var limit = new CancellationTokenSource(_host.Options.ActivationTimeout, _host.Clock);
        try
        {
            _scope = _host.Services.CreateAsyncScope();
            List<IPersistentRecord> records = [];
            GrainInstance = _class.Create(this, records);
            foreach (var record in records)
            {
                await record.LoadAsync(limit.Token);
            }

            if (GrainInstance is IGrainBase grain)
            {
                await grain.OnActivateAsync(limit.Token).WaitAsync(limit.Token);
            }

            lock (_gate)
            {
                _state = State.Valid;
                if (_reason is not null)
                {
                    BeginDeactivation();
                    return;
                }

                StartWaiting();
            }
        }
        catch (Exception failure)
        {
            var reported = limit.IsCancellationRequested && failure is OperationCanceledException
                ? new TimeoutException($"{GrainId} was not active within {_host.Options.ActivationTimeout}.", failure)
                : failure;
            SoloLog.ActivationFailed(_host.Logger, reported, GrainId);
            DisposeTimers();
            await RetireAsync(reported);
        }
    }

    private bool MayRun(Request request) =>
        request.AlwaysInterleaves || _class.IsReentrant
        || _running.All(running => running.AlwaysInterleaves || (running.IsReadOnly && request.IsReadOnly));

    private void Run(Request request)
    {
        _running.Add(request);
        _turns.Post(static pair =>
        {
            var (self, request) = ((Activation, Request))pair!;
            _ = self.RunAsync(request);
        }, (this, request));
    }

    private async Task RunAsync(Request request)
    {
        try
        {
            await request.RunAsync(GrainInstance!, _turns);
        }
        catch (Exception failure)
        {
            if (failure is InconsistentStateException { IsSourceActivation: true } stale)
            {
                stale.IsSourceActivation = false;
                Deactivate(new(DeactivationReasonCode.ApplicationError, stale, "Its state is stale."));
            }

            if (request.IsOneWay)
            {
                SoloLog.UnansweredFailure(_host.Logger, failure, request.Name, GrainId);
            }

            request.Fail(failure);
        }

        lock (_gate)
        {
            _running.Remove(request);
            if (request.KeepsAlive)
            {
                _lastUsed = _host.Clock.GetTimestamp();
            }

            if (_state == State.Valid)
            {
                StartWaiting();
            }
            else if (_running.Count == 0)
            {
                _quiet.TrySetResult();
            }
        }
    }

    private void StartWaiting()
    {
        // Calls that always interleave wait for nothing but the activation itself, and overtake those that wait for a turn.
        for (var left = _waiting.Count; left > 0; left--)
        {
            var request = _waiting.Dequeue();
            if (MayRun(request))
            {
                Run(request);
            }
            else
            {
                _waiting.Enqueue(request);
            }
        }
    }

    private void BeginDeactivation()
    {
        _state = State.Deactivating;
        if (_running.Count == 0)
        {
            _quiet.TrySetResult();
        }

        _turns.Post(static self => _ = ((Activation)self!).DeactivateAsync(), this);
    }

    private async Task DeactivateAsync()
    {
        using var time = new CancellationTokenSource(_host.Options.DeactivationTimeout, _host.Clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(time.Token, _stopDeactivating);
        try
        {
            await _quiet.Task.WaitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            SoloLog.StillRunning(_host.Logger, GrainId, _host.Options.DeactivationTimeout);
        }

        DisposeTimers();
        try
        {
            if (GrainInstance is IGrainBase grain)
            {
                await grain.OnDeactivateAsync(_reason!.Value, limit.Token).WaitAsync(limit.Token);
            }
        }
        catch (Exception failure)
        {
            SoloLog.DeactivationFailed(_host.Logger, failure, GrainId);
        }

        await RetireAsync(null);
    }

    private async Task RetireAsync(Exception? failure)
    {
        _host.Remove(this);
        Request[] left;
        lock (_gate)
        {
            _state = State.Gone;
            left = [.. _waiting];
            _waiting.Clear();
        }

        foreach (var request in left.Where(request => !request.IsLocal))
        {
            if (failure is null)
            {
                _host.Deliver(GrainId, request);
            }
            else
            {
                _host.Refuse(GrainId, request, failure);
            }
        }

        try
        {
            await (GrainInstance switch
            {
                IAsyncDisposable disposable => disposable.DisposeAsync(),
                IDisposable disposable => Disposed(disposable),
                _ => ValueTask.CompletedTask,
            });
            await (_scope?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
        catch (Exception disposal)
        {
            SoloLog.DeactivationFailed(_host.Logger, disposal, GrainId);
        }

        _deactivated.TrySetResult();

        static ValueTask Disposed(IDisposable disposable)
        {
            disposable.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private void DisposeTimers()
    {
        GrainTimer[] timers;
        lock (_gate)
        {
            timers = [.. _timers];
        }

        foreach (var timer in timers)
        {
            timer.Dispose();
        }
    }
}
