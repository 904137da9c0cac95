using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// This silo's whole copy of the denial set: pushed on every change, and confirmed every third of the lease, which repairs whatever a push lost.
/// </summary>
public sealed partial class DenialReplica(
    IGrainFactory grains,
    RecordKeyRing recordKey,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<DenialOptions> options,
    IRandomSource random,
    TimeProvider time,
    ILogger<DenialReplica> logger) : BackgroundService, IDenialObserver
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private DenialSnapshot? _current;

    /// <summary>Raised after each swap to a newer number, on the thread that brought it.</summary>
    public event Action<DenialSnapshot>? Changed;

    /// <summary>The set as of the last confirmation; null before the first.</summary>
    public DenialSnapshot? Current => Volatile.Read(ref _current);

    /// <summary>The current set while its lease runs; null when this silo may not know of a newer one and must refuse.</summary>
    public DenialSnapshot? Fresh =>
        Current is { ConfirmedTimestamp: { } confirmed } current && time.GetElapsedTime(confirmed) < options.Value.Lease ? current : null;

    /// <summary>Why the last attempt to confirm failed; null when it did not.</summary>
    public string? Failure { get; private set; }

    Task IDenialObserver.ChangedAsync(DenialSet set)
    {
        Take(set, confirmedTimestamp: null);
        return Task.CompletedTask;
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
            var pause = options.Value.Lease / 3;
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
                pause = retry;
                Failure = failure.Message;
                retry = retry * 2 < options.Value.Lease / 6 ? retry * 2 : options.Value.Lease / 6;
                LogNotConfirmed(logger, failure.Message, options.Value.Lease.TotalSeconds);
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
        var newest = await grains.GetGrain<IDenialGrain>(trustDomain.Value.Name).ConfirmAsync(trustDomain.Value.Silo, held, self).WaitAsync(stoppingToken);
        Take(newest, sent);
        return newest.Number > held;
    }

    private void Take(DenialSet set, long? confirmedTimestamp)
    {
        DenialSnapshot next;
        lock (_gate)
        {
            var current = _current;
            if (current is not null && set.Number <= current.Number)
            {
                // A push may have overtaken the reply: who holds a later set has confirmed the earlier one too.
                if (confirmedTimestamp is { } again && !(current.ConfirmedTimestamp > again))
                {
                    Volatile.Write(ref _current, current.ConfirmedAgain(again));
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
}
