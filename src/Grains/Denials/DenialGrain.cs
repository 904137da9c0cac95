using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Keeps a trust domain's denial set in its store, pushes every change to the silos, and knows when a number holds everywhere.</summary>
[GrainType("denials")]
internal sealed partial class DenialGrain(
    IDenialStore store, IIssuanceLog log, IOptions<DenialOptions> options, TimeProvider time, ILogger<DenialGrain> logger) : Grain, IDenialGrain
{
    private const int Attempts = 5;
    private static readonly TimeSpan PushTimeout = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, IDenialObserver> _silos = new(StringComparer.Ordinal);
    private DenialConfirmations _confirmations = null!;
    private DenialSet _set = DenialSet.Empty;
    private long _pushed;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _confirmations = new DenialConfirmations(options.Value.Lease, time.GetUtcNow());
        await ReadSetAsync();
        _pushed = _set.Number;
    }

    public Task<DenialSet> ReadAsync() => Task.FromResult(_set);

    public async Task<DenialReceipt> AddAsync(Denial denial)
    {
        var stamped = denial with { Since = time.GetUtcNow() };
        var receipt = await ChangeAsync(set => DenialDecisions.Add(set, stamped, options.Value.Capacity));
        LogAdded(logger, denial.Kind, denial.Subject, denial.Actor, denial.Reason, receipt.Number);
        return receipt;
    }

    public async Task<DenialReceipt> RemoveAsync(DenialKind kind, string subject, string reason, string actor, string operationId)
    {
        var receipt = await ChangeAsync(set => DenialDecisions.Remove(set, kind, subject));
        LogRemoved(logger, kind, subject, actor, reason, receipt.Number);
        return receipt;
    }

    public async Task<DenialSet> ConfirmAsync(string siloName, long number, IDenialObserver silo)
    {
        _silos[siloName] = silo;
        foreach (var gone in _confirmations.Confirm(siloName, number, time.GetUtcNow()))
        {
            _silos.Remove(gone);
        }

        // The store is the truth, not this activation: another one may have written since.
        await ReadSetAsync();
        return _set;
    }

    public Task<DenialReceipt> StatusAsync(long number) =>
        Task.FromResult(new DenialReceipt(number, number > _set.Number ? null : _confirmations.EffectiveAt(number, time.GetUtcNow())));

    private async Task<DenialReceipt> ChangeAsync(Func<DenialSet, DenialSet> change)
    {
        for (var attempt = 1; ; attempt++)
        {
            var next = change(_set);
            if (ReferenceEquals(next, _set))
            {
                break;
            }

            try
            {
                await store.WriteAsync(this.GetPrimaryKeyString(), next, CancellationToken.None);
                _set = next;
                break;
            }
            catch (Exception failure)
            {
                // Whoever was first, or whatever reply was lost: the store tells, and the change is decided on that.
                await ReadSetAsync();
                if (attempt == Attempts && !ReferenceEquals(change(_set), _set))
                {
                    throw failure is RecordConflictException
                        ? new GrainOperationException(RefusalCode.Unavailable, "state_conflict", $"Others keep changing the denial set; try again. {failure.Message}")
                        : StoreFailures.Of(failure);
                }
            }
        }

        // Not only what this call wrote: an earlier one may have ended between its write and its push.
        if (_set.Number > _pushed)
        {
            await Task.WhenAll(_silos.ToList().Select(silo => PushAsync(silo.Key, silo.Value, _set)));
            _pushed = _set.Number;
        }

        return new DenialReceipt(_set.Number, _confirmations.EffectiveAt(_set.Number, time.GetUtcNow()));
    }

    private async Task ReadSetAsync()
    {
        var trustDomain = this.GetPrimaryKeyString();
        try
        {
            var stored = await store.ReadAsync(trustDomain, CancellationToken.None);

            // The trust domain begins its denial set before its root: none beside a log that tells of a bundle was taken away.
            if (ReferenceEquals(stored, DenialSet.Empty) && await log.HighestBundleNumberAsync(trustDomain, CancellationToken.None) > 0)
            {
                throw new RecordTamperedException(
                    $"denials/{trustDomain}", "the denial set was there and is gone; nothing in this product removes it. Restore the state store, or declare a restore.");
            }

            _set = stored;
        }
        catch (Exception failure)
        {
            throw StoreFailures.Of(failure);
        }
    }

    private async Task PushAsync(string name, IDenialObserver silo, DenialSet set)
    {
        try
        {
            await silo.ChangedAsync(set).WaitAsync(PushTimeout, time);
            _confirmations.Confirm(name, set.Number, time.GetUtcNow());
        }
        catch (Exception failure)
        {
            // The push is a courtesy; the silo's lease is what counts.
            _silos.Remove(name);
            LogPushFailed(logger, name, set.Number, failure.Message);
        }
    }

    [LoggerMessage(EventId = 120, Level = LogLevel.Warning,
        Message = "Silo {Silo} did not take denial set {Number} at once ({Reason}); it is effective there when the silo confirms it or its lease ends.")]
    private static partial void LogPushFailed(ILogger logger, string silo, long number, string reason);

    [LoggerMessage(EventId = 121, Level = LogLevel.Information, Message = "Denied: {Kind} {Subject}, by {Actor}: {Reason} (set {Number}).")]
    private static partial void LogAdded(ILogger logger, DenialKind kind, string subject, string actor, string reason, long number);

    [LoggerMessage(EventId = 122, Level = LogLevel.Information, Message = "No longer denied: {Kind} {Subject}, by {Actor}: {Reason} (set {Number}).")]
    private static partial void LogRemoved(ILogger logger, DenialKind kind, string subject, string actor, string reason, long number);
}
