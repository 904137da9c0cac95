using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Orleans.Solo;

/// <summary>The single-process grain host: the activations, the observers, and the way of a call to them.</summary>
internal sealed class SoloHost : IGrainFactory, IHostedService, IDisposable
{
    private static readonly GrainType ObserverType = GrainType.Create("solo.observer");
    private readonly ConcurrentDictionary<(GrainId Id, int Worker), Activation> _activations = new();
    private readonly ConcurrentDictionary<GrainId, Observer> _observers = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly GrainCatalog _catalog;
    private ITimer? _collector;
    private long _lastObserver;
    private int _inFlight;
    private volatile Phase _phase;

    public SoloHost(IServiceProvider services, GrainCatalog catalog, SoloOptions options, TimeProvider clock, ILogger logger)
    {
        (Services, _catalog, Options, Clock, Logger) = (services, catalog, options, clock, logger);
        Reminders = new(this, services.GetService<IReminderTable>());
    }

    private enum Phase
    {
        New,
        Running,
        Draining,
        Deactivating,
        Stopped,
    }

    public IServiceProvider Services { get; }

    public SoloOptions Options { get; }

    public TimeProvider Clock { get; }

    public ILogger Logger { get; }

    public ReminderService Reminders { get; }

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(primaryKey);
        var type = _catalog.Find(typeof(TGrainInterface), grainClassNamePrefix).GrainType;
        return (TGrainInterface)GrainReference.Create(this, typeof(TGrainInterface), GrainId.Create(type, primaryKey));
    }

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable =>
        (TGrainInterface)GrainReference.Create(this, typeof(TGrainInterface), grainId);

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver
    {
        ArgumentNullException.ThrowIfNull(obj);
        var id = GrainId.Create(ObserverType, Interlocked.Increment(ref _lastObserver).ToString(System.Globalization.CultureInfo.InvariantCulture));
        _observers[id] = new Observer(obj, id, Options.MaxEnqueuedRequests, Logger);
        return (TGrainObserverInterface)GrainReference.Create(this, typeof(TGrainObserverInterface), id);
    }

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver
    {
        ArgumentNullException.ThrowIfNull(obj);
        CloseObserver(obj.GetGrainId());
    }

    /// <summary>Takes a call. It is answered in every case: by the grain, by a refusal or by the time limit.</summary>
    public void Send(GrainId target, Request request)
    {
        if (_phase != Phase.Running && !(_phase is Phase.Draining or Phase.Deactivating && RuntimeContext.Current is not null))
        {
            Refuse(target, request, new OrleansMessageRejectionException($"{request.Name} was refused: the grain host has not started, or is stopping."));
            return;
        }

        Interlocked.Increment(ref _inFlight);
        request.Start(Clock, request.IsOneWay ? Timeout.InfiniteTimeSpan : Options.ResponseTimeout, Answered);
        Deliver(target, request);
    }

    public void Deliver(GrainId target, Request request)
    {
        if (target.Type == ObserverType)
        {
            if (_observers.TryGetValue(target, out var observer))
            {
                observer.Enqueue(request);
            }
            else
            {
                Refuse(target, request, new OrleansException($"Observer {target} is gone."));
            }

            return;
        }

        try
        {
            var grain = _catalog.Find(target.Type);
            while (!Choose(grain, target).TryEnqueue(request))
            {
                // That activation has just ended, and has left the table before it said so.
            }
        }
        catch (Exception refusal) when (refusal is ArgumentException or OrleansException)
        {
            Refuse(target, request, refusal);
        }
    }

    /// <summary>Fails a request that no grain has run. One that nobody waits for is told of in the log.</summary>
    public void Refuse(GrainId target, Request request, Exception refusal)
    {
        if (request.IsOneWay)
        {
            SoloLog.UnansweredFailure(Logger, refusal, request.Name, target);
        }

        request.Fail(refusal);
    }

    public void Remove(Activation activation) => _activations.TryRemove(new(activation.Key, activation));

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _phase = Phase.Running;
        _collector = Clock.CreateTimer(_ => CollectUnused(), null, Options.CollectionQuantum, Options.CollectionQuantum);
        SoloLog.Started(Logger, await Reminders.StartAsync(cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Refuses what comes from outside, lets what runs run out, then deactivates everything; all within the time given.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _phase = Phase.Draining;
        _collector?.Dispose();
        using var time = new CancellationTokenSource(Options.StopTimeout, Clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(time.Token, cancellationToken);
        try
        {
            await Reminders.StopAsync(limit.Token).ConfigureAwait(false);
            Interlocked.MemoryBarrier();
            if (Volatile.Read(ref _inFlight) > 0)
            {
                await _drained.Task.WaitAsync(limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Deactivation goes on; what is left is told below.
        }

        _phase = Phase.Deactivating;
        var ending = _activations.Values.ToArray();
        foreach (var activation in ending)
        {
            activation.Deactivate(new(DeactivationReasonCode.ShuttingDown, "The grain host is stopping."), limit.Token);
        }

        var ended = Task.WhenAll(ending.Select(activation => activation.Deactivated));
        await ended.WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _phase = Phase.Stopped;
        if (!ended.IsCompleted || Volatile.Read(ref _inFlight) > 0)
        {
            SoloLog.StoppedShort(Logger, Volatile.Read(ref _inFlight), _activations.Count, Options.StopTimeout);
        }

        Dispose();
    }

    public void Dispose()
    {
        _phase = Phase.Stopped;
        _collector?.Dispose();
        Reminders.Dispose();
        foreach (var id in _observers.Keys)
        {
            CloseObserver(id);
        }
    }

    private Activation Choose(GrainClass grain, GrainId target)
    {
        if (grain.MaxWorkers == 1)
        {
            return Get(grain, (target, 0));
        }

        // The first idle worker, else a new one, else the least busy.
        Activation? least = null;
        var leastLoad = int.MaxValue;
        for (var worker = 0; worker < grain.MaxWorkers; worker++)
        {
            if (!_activations.TryGetValue((target, worker), out var known))
            {
                return Get(grain, (target, worker));
            }

            var load = known.Load;
            (least, leastLoad) = load < leastLoad ? (known, load) : (least, leastLoad);
            if (load == 0)
            {
                break;
            }
        }

        return least!;
    }

    private Activation Get(GrainClass grain, (GrainId Id, int Worker) key)
    {
        if (_activations.TryGetValue(key, out var known))
        {
            return known;
        }

        if (_phase is Phase.Deactivating or Phase.Stopped)
        {
            throw new OrleansMessageRejectionException($"{key.Id} was not activated: the grain host is stopping.");
        }

        var made = new Activation(this, grain, key);
        var kept = _activations.GetOrAdd(key, made);
        if (kept == made)
        {
            made.Begin();
        }

        return kept;
    }

    private void CollectUnused()
    {
        foreach (var activation in _activations.Values)
        {
            activation.DeactivateIfUnusedFor(Options.CollectionAge);
        }

        foreach (var (id, _) in _observers.Where(entry => !entry.Value.IsAlive))
        {
            CloseObserver(id);
        }
    }

    private void CloseObserver(GrainId id)
    {
        if (_observers.TryRemove(id, out var observer))
        {
            observer.Close();
        }
    }

    private void Answered()
    {
        if (Interlocked.Decrement(ref _inFlight) == 0 && _phase != Phase.Running)
        {
            _drained.TrySetResult();
        }
    }
}
