using System.Collections.Immutable;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Carries changes of registrations between this silo and the others. What this silo wrote is told until it was heard; what others wrote comes as a push,
/// and numbers tell when one is missing: it is asked for at once, and every few seconds in any case. Nothing reads the store.
/// </summary>
public sealed partial class RegistrationNewsLink(
    IGrainFactory grains, RegistrationChanges changes, SiloIdentity identity, IOptions<TrustDomainOptions> trustDomain, IRandomSource random, TimeProvider time,
    ILogger<RegistrationNewsLink> logger) : BackgroundService, IRegistrationObserver
{
    /// <summary>Parents that wait to be told; beyond that all agents read again.</summary>
    private const int MaxPending = 10_000;

    private const int MaxAnnounced = 1_000;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly HashSet<string> _pending = new(StringComparer.Ordinal);
    private readonly WakeUp _wake = new();
    private bool _lostCount;
    private volatile bool _missed;
    private string _epoch = "";
    private long _number;

    Task IRegistrationObserver.ChangedAsync(RegistrationNews news)
    {
        Take(news, asked: false);
        return Task.CompletedTask;
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        changes.Written += OnWritten;
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        changes.Written -= OnWritten;
        var follows = ExecuteTask is { IsCompleted: false } && _epoch.Length > 0;
        await base.StopAsync(cancellationToken);
        if (!follows)
        {
            return;
        }

        try
        {
            // What was written in the last moment is not in vain.
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using var end = time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), patience, Goodbye, Timeout.InfiniteTimeSpan);
            await AnnounceAsync(patience.Token);
            await Grain.LeaveAsync(identity.Incarnation).WaitAsync(patience.Token);
        }
        catch (Exception failure)
        {
            LogTrouble(logger, failure.Message);
        }
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        IRegistrationObserver? self = null;
        var retry = FirstRetry;
        var followed = (long?)null;
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = Period * random.NextJitter(0.1);
            try
            {
                self ??= grains.CreateObjectReference<IRegistrationObserver>(this);
                await AnnounceAsync(stoppingToken);
                if (_missed || followed is not { } last || time.GetElapsedTime(last) >= Period * 0.9)
                {
                    _missed = false;
                    await FollowAsync(self, stoppingToken);
                    followed = time.GetTimestamp();
                }

                retry = FirstRetry;
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                followed = null;
                pause = retry * random.NextJitter(0.2);
                retry = retry * 2 < Period ? retry * 2 : Period;
                LogTrouble(logger, failure.Message);
                await time.PauseAsync(pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }
            catch (Exception)
            {
                return;
            }

            await _wake.PauseAsync(time, pause, stoppingToken);
        }
    }

    private IRegistrationNewsGrain Grain => grains.GetGrain<IRegistrationNewsGrain>(trustDomain.Value.Name);

    private async Task FollowAsync(IRegistrationObserver self, CancellationToken cancellationToken)
    {
        (string Epoch, long Number) held;
        lock (_gate)
        {
            held = (_epoch, _number);
        }

        Take(await Grain.FollowAsync(identity.Incarnation, held.Epoch, held.Number, self).WaitAsync(Patience, time, cancellationToken), asked: true);
    }

    private void OnWritten(string parentId)
    {
        lock (_gate)
        {
            if (_pending.Count < MaxPending)
            {
                _pending.Add(parentId);
            }
            else
            {
                _lostCount = true;
            }
        }

        _wake.Call();
    }

    private async Task AnnounceAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ImmutableArray<string> parents;
            bool anyone;
            lock (_gate)
            {
                parents = [.. _pending.Take(MaxAnnounced)];
                anyone = _lostCount;
                if (parents.IsEmpty && !anyone)
                {
                    return;
                }

                // Taken away before the call: what changes during it is told again.
                _pending.ExceptWith(parents);
                _lostCount = false;
            }

            try
            {
                await Grain.AnnounceAsync(identity.Incarnation, parents, anyone).WaitAsync(Patience, time, cancellationToken);
            }
            catch
            {
                lock (_gate)
                {
                    _pending.UnionWith(parents);
                    _lostCount |= anyone;
                }

                throw;
            }
        }
    }

    /// <param name="news">From the grain.</param>
    /// <param name="asked">It answers a question with the number held here; a push may follow one that was lost.</param>
    private void Take(RegistrationNews news, bool asked)
    {
        lock (_gate)
        {
            var held = news.Epoch == _epoch;
            if (held && news.Number <= _number && !news.Anyone)
            {
                return;
            }

            if (!asked && (!held || news.After > _number))
            {
                // Numbers are missing in between: the answer to a question has them.
                _missed = true;
            }
            else
            {
                (_epoch, _number) = (news.Epoch, held && _number > news.Number ? _number : news.Number);
            }
        }

        foreach (var parent in news.Parents)
        {
            changes.Take(parent);
        }

        if (news.Anyone)
        {
            changes.Take(null);
        }

        if (_missed)
        {
            _wake.Call();
        }
    }

    [LoggerMessage(EventId = 196, Level = LogLevel.Information,
        Message = "Changes of registrations could not be exchanged with the other silos ({Reason}); it is tried again, and their agents learn of them then.")]
    private static partial void LogTrouble(ILogger logger, string reason);
}
