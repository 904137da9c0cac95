using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// This silo's whole copy of the denial set: pushed on every change, and confirmed every third of the lease, which repairs whatever a push lost.
/// A lease runs from before the confirming call was sent, and only where the answer shows this start of the silo on the roster.
/// </summary>
public sealed partial class DenialReplica(
    IGrainFactory grains,
    RecordKeyRing recordKey,
    IssuerSource issuers,
    SiloIdentity identity,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<DenialOptions> options,
    IRandomSource random,
    TimeProvider time,
    ILogger<DenialReplica> logger,
    Lazy<IBundlePublications?>? publications = null) : BackgroundService, IDenialObserver
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TimeSpan _lease = options.Value.Lease;
    private DenialSnapshot? _current;
    private volatile bool _left;

    /// <summary>Raised after each swap to a newer number, on the thread that brought it.</summary>
    public event Action<DenialSnapshot>? Changed;

    /// <summary>Raised when the trust domain tells that its bundle has this number now.</summary>
    public event Action<long>? BundleChanged;

    /// <summary>The set as of the last confirmation; null before the first.</summary>
    public DenialSnapshot? Current => Volatile.Read(ref _current);

    /// <summary>The current set while its lease runs; null when this silo may not know of a newer one and must refuse.</summary>
    public DenialSnapshot? Fresh =>
        !_left && Current is { ConfirmedTimestamp: { } confirmed } current && time.GetElapsedTime(confirmed) < _lease ? current : null;

    /// <summary>Completes when this start of the silo is on the roster for the first time.</summary>
    internal Task Joined => _joined.Task;

    /// <summary>Why the last attempt to confirm failed; null when it did not.</summary>
    public string? Failure { get; private set; }

    Task IDenialObserver.ChangedAsync(DenialSet set)
    {
        Take(set, confirmedTimestamp: null);
        return Task.CompletedTask;
    }

    Task IDenialObserver.BundleChangedAsync(long bundleNumber)
    {
        BundleChanged?.Invoke(bundleNumber);
        return Task.CompletedTask;
    }

    /// <summary>Gives the lease up, and then says so: no denial has to wait for this silo.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (_left)
        {
            // A host may be stopped twice.
            return;
        }

        _left = true;
        if (!_joined.Task.IsCompletedSuccessfully)
        {
            return;
        }

        try
        {
            await grains.GetGrain<IDenialGrain>(trustDomain.Value.Name).LeaveAsync(identity.Name, identity.Incarnation).WaitAsync(LeaveTimeout, time, cancellationToken);
        }
        catch (Exception failure)
        {
            LogNoGoodbye(logger, failure.Message);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await recordKey.Ready.WaitAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        IDenialObserver? self = null;
        var retry = FirstRetry;
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = _lease / 3;
            try
            {
                self ??= grains.CreateObjectReference<IDenialObserver>(this);
                while (await ConfirmAsync(self, stoppingToken))
                {
                    // A newer number came back: confirm that one too, so that the change becomes effective now.
                }

                retry = FirstRetry;
                Failure = null;
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                // A call to a silo that froze or vanished may never be answered; another one, well within the lease, goes to whoever is there by then.
                pause = retry;
                Failure = failure is TimeoutException ? $"the denial grain did not answer within {(_lease / 3).TotalSeconds:0.#} s" : failure.Message;
                retry = retry * 2 < _lease / 6 ? retry * 2 : _lease / 6;
                LogNotConfirmed(logger, Failure, _lease.TotalSeconds);
            }
            catch (Exception)
            {
                return;
            }

            try
            {
                await time.PauseAsync(pause * random.NextJitter(0.1), stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task<bool> ConfirmAsync(IDenialObserver self, CancellationToken stoppingToken)
    {
        var sent = time.GetTimestamp();
        var held = Current?.Number ?? -1;
        var outside = publications?.Value?.Current.Select(output => (Number: PublicationLag.Reached(output, time.GetUtcNow()), output.Target)).DefaultIfEmpty().Min() ?? default;
        var answer = await grains.GetGrain<IDenialGrain>(trustDomain.Value.Name).ConfirmLeaseAsync(
            new DenialConfirmation(
                identity.Name, identity.Incarnation, held, (long)_lease.TotalMilliseconds,
                trustDomain.Value.Issues ? issuers.ConfirmedBundle : DenialConfirmation.HoldsNoBundle,
                outside.Target is null ? null : outside.Number, outside.Target), self)
            .WaitAsync(_lease / 3, time, stoppingToken);
        if (answer.Set is { } newest)
        {
            Take(newest, answer.Granted ? sent : null);
        }
        else if (answer.Granted)
        {
            Confirmed(sent);
        }

        if (!answer.Granted)
        {
            throw new GrainOperationException(RefusalCode.Unavailable, "no_lease", "this silo is not on the roster of lease holders; it asks again");
        }

        _joined.TrySetResult();
        return answer.Number > held;
    }

    private void Confirmed(long timestamp)
    {
        lock (_gate)
        {
            // A push may have overtaken the reply: who holds a later set has confirmed the earlier one too.
            if (_current is { } current && !(current.ConfirmedTimestamp > timestamp))
            {
                Volatile.Write(ref _current, current.ConfirmedAgain(timestamp));
            }
        }
    }

    private void Take(DenialSet set, long? confirmedTimestamp)
    {
        DenialSnapshot next;
        lock (_gate)
        {
            var current = _current;
            if (current is not null && set.Number <= current.Number)
            {
                if (confirmedTimestamp is { } again)
                {
                    Confirmed(again);
                }

                return;
            }

            // A pushed set brings no confirmation of its own: the lease goes on from the last one.
            next = new DenialSnapshot(set, confirmedTimestamp ?? current?.ConfirmedTimestamp);
            Volatile.Write(ref _current, next);
        }

        Changed?.Invoke(next);
    }

    [LoggerMessage(EventId = 130, Level = LogLevel.Warning,
        Message = "The denial set could not be confirmed ({Reason}). Issuance stops when {Seconds:0} s have passed since the last confirmation.")]
    private static partial void LogNotConfirmed(ILogger logger, string reason, double seconds);

    [LoggerMessage(EventId = 131, Level = LogLevel.Warning,
        Message = "This silo could not say that it stops ({Reason}); denials wait until its lease has ended.")]
    private static partial void LogNoGoodbye(ILogger logger, string reason);
}
