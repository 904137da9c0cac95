using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Keeps a trust domain's denial set in its store, pushes every change to the silos, and knows when a number holds everywhere. Several activations
/// may do so at once: the store's number is the fence, and each concludes only from what it has seen and heard itself (<see cref="DenialWitness"/>).
/// A number is shown to nobody before the anchor beside the log has it.
/// </summary>
[GrainType("denials")]
internal sealed partial class DenialGrain(
    IDenialStore store, IIssuanceLog log, IOptions<DenialOptions> options, TimeProvider time, ILogger<DenialGrain> logger) : Grain, IDenialGrain
{
    private const int Attempts = 5;
    private static readonly TimeSpan PushTimeout = TimeSpan.FromSeconds(1);

    private readonly Dictionary<(string Silo, string Incarnation), IDenialObserver> _silos = [];
    private readonly Dictionary<(string Silo, string Incarnation), DenialConfirmation> _bundles = [];
    private readonly DenialWitness _witness = new();
    private long _startedAt;
    private long _pushed;
    private (long Number, TimeSpan ReadAt)? _anchor;

    private DenialSet Set => _witness.Set;

    /// <summary>On the clock of this activation.</summary>
    private TimeSpan Now => time.GetElapsedTime(_startedAt);

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _startedAt = time.GetTimestamp();
        await ReadSetAsync();
        _pushed = Set.Number;
    }

    public async Task<DenialSet> ReadAsync()
    {
        await ReadSetAsync();
        return Set;
    }

    public async Task<DenialReceipt> AddAsync(Denial denial)
    {
        var stamped = denial with { Since = time.GetUtcNow() };
        await ReadSetAsync();
        await ChangeAsync(set => DenialDecisions.Add(set, stamped, options.Value.Capacity));
        LogAdded(logger, denial.Kind, denial.Subject, denial.Actor, denial.Reason, Set.Number);
        return await PushedAsync();
    }

    public async Task<DenialReceipt> RemoveAsync(DenialKind kind, string subject, string reason, string actor, string operationId)
    {
        await ReadSetAsync();
        await ChangeAsync(set => DenialDecisions.Remove(set, kind, subject));
        LogRemoved(logger, kind, subject, actor, reason, Set.Number);
        return await PushedAsync();
    }

    public async Task<DenialReceipt> FollowAsync(FollowedDenials told)
    {
        await ReadSetAsync();
        var before = Set.FollowedNumber;
        await ChangeAsync(set => DenialDecisions.Follow(set, told, options.Value.Capacity, time.GetUtcNow()));
        if (Set.FollowedNumber != before)
        {
            LogFollowed(logger, told.Number, told.Home, told.Denials.Length, Set.Number);
        }

        return await PushedAsync();
    }

    public async Task<DenialLease> ConfirmLeaseAsync(DenialConfirmation confirmation, IDenialObserver silo)
    {
        var (name, incarnation) = (confirmation.Silo, confirmation.Incarnation);
        if (name is not { Length: > 0 and <= 64 } || incarnation is not { Length: > 0 and <= 64 } || confirmation.LeaseMilliseconds is < 1 or > 3_600_000)
        {
            throw new GrainOperationException(RefusalCode.InvalidArgument, "bad_confirmation", "A confirmation names a silo, its incarnation and a lease of at most an hour.");
        }

        // The store is the truth, not this activation: another one may have written since. The lease stands on this very reading.
        await ReadSetAsync();
        if (confirmation.Number > Set.Number)
        {
            // It was told a number that the store forgot. Its word says nothing about the sets there are, and it would not take a lower one.
            throw new GrainOperationException(
                RefusalCode.Conflict, "denials_ahead",
                $"Silo '{name}' holds denial set {confirmation.Number}, and the store has {Set.Number}. The state store was rolled back: restore the newer one, or restart the silo.");
        }

        _witness.Heard(name, incarnation, confirmation.Number, Now);
        if (!DenialRoster.Grants(Set, name, incarnation))
        {
            await ChangeAsync(set => DenialRoster.Join(set, name, incarnation, confirmation.LeaseMilliseconds));
            LogJoined(logger, name, incarnation, Set.Number);
        }
        else
        {
            await TidyAsync();
        }

        _silos[(name, incarnation)] = silo;
        _bundles[(name, incarnation)] = confirmation;

        return new DenialLease(
            Set.Number, Set.Number == confirmation.Number ? null : Set, DenialRoster.Grants(Set, name, incarnation));
    }

    public async Task LeaveAsync(string silo, string incarnation)
    {
        _silos.Remove((silo, incarnation));
        await ReadSetAsync();
        await ChangeAsync(set => DenialRoster.Leave(set, silo, incarnation));
        LogLeft(logger, silo, incarnation, Set.Number);
    }

    public async Task<ImmutableArray<BundleHolder>> BundleHoldersAsync()
    {
        await ReadSetAsync();
        return
        [
            .. Set.Holders.Select(holder =>
            {
                var told = _bundles.GetValueOrDefault((holder.Silo, holder.Incarnation));
                return new BundleHolder(holder.Silo, holder.Incarnation, told?.BundleNumber, told?.OutsideNumber, told?.OutsideName);
            }),
        ];
    }

    public Task AnnounceBundleAsync(long bundleNumber) => Task.WhenAll(Silos().Select(async silo =>
    {
        try
        {
            await silo.Value.BundleChangedAsync(bundleNumber).WaitAsync(PushTimeout, time);
        }
        catch (Exception failure)
        {
            LogBundlePushFailed(logger, silo.Key.Silo, bundleNumber, failure.Message);
        }
    }));

    public async Task<DenialReceipt> StatusAsync(long number)
    {
        if (number > Set.Number)
        {
            // Another activation may have written it.
            await ReadSetAsync();
        }

        return Receipt(number);
    }

    /// <summary>The ears of those on the roster.</summary>
    private List<KeyValuePair<(string Silo, string Incarnation), IDenialObserver>> Silos() => [.. _silos];

    private DenialReceipt Receipt(long number)
    {
        var now = Now;
        return new DenialReceipt(number, _witness.EffectiveSince(number, now) is { } since ? time.GetUtcNow() - (now - since) : null);
    }

    /// <summary>Tidies the roster where there is something to tidy. The confirmation that brings it about does not depend on it.</summary>
    private async Task TidyAsync()
    {
        try
        {
            var before = Set;
            await ChangeAsync(set =>
            {
                var now = Now;
                return DenialRoster.Tidy(set, holder => _witness.IsSilent(holder, now), holder => _witness.IsGone(holder, now));
            });
            if (!ReferenceEquals(before, Set))
            {
                LogTidied(logger, Set.Number, string.Join(", ", Set.Holders.Where(holder => holder.Leaving > 0).Select(holder => holder.Silo)));
            }
        }
        catch (GrainOperationException failure)
        {
            LogNotTidied(logger, failure.Message);
        }
    }

    private async Task ChangeAsync(Func<DenialSet, DenialSet> change)
    {
        for (var attempt = 1; ; attempt++)
        {
            var next = change(Set);
            if (ReferenceEquals(next, Set))
            {
                return;
            }

            try
            {
                await store.WriteAsync(this.GetPrimaryKeyString(), next, CancellationToken.None);
                await ShowAsync(next);
                return;
            }
            catch (Exception failure)
            {
                // Whoever was first, or whatever reply was lost: the store tells, and the change is decided on that.
                await ReadSetAsync();
                if (attempt == Attempts && !ReferenceEquals(change(Set), Set))
                {
                    throw failure is RecordConflictException
                        ? new GrainOperationException(RefusalCode.Unavailable, "state_conflict", $"Others keep changing the denial set; try again. {failure.Message}")
                        : StoreFailures.Of(failure);
                }
            }
        }
    }

    /// <summary>Pushes what was not pushed: also what an earlier call wrote that ended between its write and its push.</summary>
    private async Task<DenialReceipt> PushedAsync()
    {
        if (Set.Number > _pushed)
        {
            var set = Set;
            await Task.WhenAll(Silos().Select(silo => PushAsync(silo.Key, silo.Value, set)));
            _pushed = set.Number;
        }

        return Receipt(Set.Number);
    }

    private async Task ReadSetAsync()
    {
        var trustDomain = this.GetPrimaryKeyString();
        try
        {
            // The anchor before the set: a set that is read later cannot lie below it by another writer's doing.
            var anchor = await ReadAnchorAsync(trustDomain);
            var stored = await store.ReadAsync(trustDomain, CancellationToken.None);

            // The trust domain begins its denial set before its root: none beside a log that tells of a bundle was taken away.
            if (ReferenceEquals(stored, DenialSet.Empty) && (anchor > 0 || await log.HighestBundleNumberAsync(trustDomain, CancellationToken.None) > 0))
            {
                throw new RecordTamperedException(
                    $"denials/{trustDomain}",
                    $"the denial set was there and is gone; nothing in this product removes it. The state store was lost or rolled back; restore it, or {RestoreDeclaration.Advice}");
            }

            if (stored.Number < anchor)
            {
                throw new RecordTamperedException(
                    $"denials/{trustDomain}",
                    $"set {anchor} was shown before, the store has only {stored.Number}. The state store was rolled back; restore the newer one, or {RestoreDeclaration.Advice}");
            }

            await ShowAsync(stored);
        }
        catch (Exception failure)
        {
            if (StoreFailures.Tampered(failure) is { } tampered)
            {
                LogTampered(logger, tampered.Message);
            }

            throw StoreFailures.Of(failure);
        }
    }

    /// <summary>
    /// Makes a stored set this activation's own, once no store can show an older one unnoticed. Written, anchored, shown, in this order: a crash
    /// between leaves the anchor below the set, never above it.
    /// </summary>
    private async Task ShowAsync(DenialSet stored)
    {
        if (stored.Number > (_anchor?.Number ?? 0))
        {
            await BoundedAsync(
                "raise the anchor", options.Value.Lease / 10,
                async ct => { await log.RaiseAnchorAsync(this.GetPrimaryKeyString(), LogAnchor.Denials, stored.Number, ct); return stored.Number; });
            _anchor = (stored.Number, _anchor?.ReadAt ?? TimeSpan.Zero);
        }

        var before = Set;
        _witness.Saw(stored, Now);
        if (!ReferenceEquals(before, Set))
        {
            // Each start of a silo brings an ear of its own; those off the roster are never heard from again.
            foreach (var gone in _silos.Keys.Where(key => DenialRoster.Find(Set, key.Silo, key.Incarnation) is null).ToList())
            {
                _silos.Remove(gone);
            }

            foreach (var gone in _bundles.Keys.Where(key => DenialRoster.Find(Set, key.Silo, key.Incarnation) is null).ToList())
            {
                _bundles.Remove(gone);
            }
        }
    }

    /// <summary>The anchor, read again as often as a silo confirms: another activation may have raised it. While the log is away the last reading counts.</summary>
    private async Task<long> ReadAnchorAsync(string trustDomain)
    {
        if (_anchor is { } known && Now - known.ReadAt < options.Value.Lease / 3)
        {
            return known.Number;
        }

        try
        {
            // One call at a time runs here: while a known number will do, a log that hangs must not use up the leases of those who wait.
            var patience = options.Value.Lease / (_anchor is null ? 3 : 10);
            _anchor = (Math.Max(_anchor?.Number ?? 0, await ReadAnchorAsync(trustDomain, patience)), Now);
        }
        catch (Exception failure) when (_anchor is { } last && StoreFailures.Tampered(failure) is null)
        {
            // Nothing is issued while the log is away; confirming goes on, so that issuance does too as soon as it is back.
            _anchor = (last.Number, Now);
            LogAnchorNotRead(logger, last.Number, failure.Message);
        }

        return _anchor.Value.Number;
    }

    private Task<long> ReadAnchorAsync(string trustDomain, TimeSpan patience)
        => BoundedAsync("tell the anchor", patience, ct => log.ReadAnchorAsync(trustDomain, LogAnchor.Denials, ct).AsTask());

    /// <exception cref="TimeoutException">The log did not answer in time.</exception>
    private async Task<long> BoundedAsync(string what, TimeSpan patience, Func<CancellationToken, Task<long>> ask)
    {
        using var deadline = new CancellationTokenSource(patience, time);
        try
        {
            return await ask(deadline.Token).WaitAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            throw new TimeoutException($"The log did not {what} within {patience.TotalSeconds:0.#} s.");
        }
    }

    private async Task PushAsync((string Silo, string Incarnation) key, IDenialObserver silo, DenialSet set)
    {
        try
        {
            await silo.ChangedAsync(set).WaitAsync(PushTimeout, time);
            _witness.Heard(key.Silo, key.Incarnation, set.Number, Now);
        }
        catch (Exception failure)
        {
            // The push is a courtesy; the silo's lease is what counts.
            _silos.Remove(key);
            LogPushFailed(logger, key.Silo, set.Number, failure.Message);
        }
    }

    [LoggerMessage(EventId = 120, Level = LogLevel.Warning,
        Message = "Silo {Silo} did not take denial set {Number} at once ({Reason}); it is effective there when the silo confirms it or its lease ends.")]
    private static partial void LogPushFailed(ILogger logger, string silo, long number, string reason);

    [LoggerMessage(EventId = 121, Level = LogLevel.Information, Message = "Denied: {Kind} {Subject}, by {Actor}: {Reason} (set {Number}).")]
    private static partial void LogAdded(ILogger logger, DenialKind kind, string subject, string actor, string reason, long number);

    [LoggerMessage(EventId = 122, Level = LogLevel.Information, Message = "No longer denied: {Kind} {Subject}, by {Actor}: {Reason} (set {Number}).")]
    private static partial void LogRemoved(ILogger logger, DenialKind kind, string subject, string actor, string reason, long number);

    [LoggerMessage(EventId = 390, Level = LogLevel.Information, Message = "Denial set {HomeNumber} of the home cluster {Home}, with {Count} denials, is in set {Number} here.")]
    private static partial void LogFollowed(ILogger logger, long homeNumber, string home, int count, long number);

    [LoggerMessage(EventId = 123, Level = LogLevel.Information, Message = "Silo {Silo} ({Incarnation}) may hold denial leases from set {Number} on.")]
    private static partial void LogJoined(ILogger logger, string silo, string incarnation, long number);

    [LoggerMessage(EventId = 124, Level = LogLevel.Information, Message = "Silo {Silo} ({Incarnation}) holds no denial lease any more (set {Number}).")]
    private static partial void LogLeft(ILogger logger, string silo, string incarnation, long number);

    [LoggerMessage(EventId = 125, Level = LogLevel.Information, Message = "The roster of lease holders was tidied (set {Number}); not heard from: {Silent}.")]
    private static partial void LogTidied(ILogger logger, long number, string silent);

    [LoggerMessage(EventId = 126, Level = LogLevel.Debug, Message = "The roster of lease holders was not tidied: {Reason}")]
    private static partial void LogNotTidied(ILogger logger, string reason);

    [LoggerMessage(EventId = 127, Level = LogLevel.Debug, Message = "Silo {Silo} was not told of bundle {Number} ({Reason}); it looks for itself within a third of the lease.")]
    private static partial void LogBundlePushFailed(ILogger logger, string silo, long number, string reason);

    [LoggerMessage(EventId = 128, Level = LogLevel.Warning,
        Message = "The anchor of the denial set could not be read again ({Reason}); {Number} counts until the log is back. It is asked again within a third of the lease.")]
    private static partial void LogAnchorNotRead(ILogger logger, long number, string reason);

    [LoggerMessage(EventId = 129, Level = LogLevel.Error, Message = "The denial set is refused, and no lease is granted by it: {Reason}")]
    private static partial void LogTampered(ILogger logger, string reason);
}
