using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// In a member cluster's silos of role authority: brings each change of the home's record to the trust domain and of its denials to the denial set, and tells the
/// home how things stand here. Issuance goes on without all of it.
/// </summary>
public sealed partial class HomeFollower(
    IGrainFactory grains,
    IHomeCluster home,
    DenialReplica denials,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<RotationOptions> rotation,
    IRandomSource random,
    TimeProvider time,
    ILogger<HomeFollower> logger) : BackgroundService
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan IdleLook = TimeSpan.FromMinutes(1);

    private readonly WakeUp _told = new();
    private (long Home, long Own)? _followed;
    private long _held = -1;

    private IDenialGrain Denials => grains.GetGrain<IDenialGrain>(trustDomain.Value.Name);

    /// <summary>When the home last took a report; null before the first.</summary>
    public DateTimeOffset? HeardByHomeAt { get; private set; }

    public override void Dispose()
    {
        base.Dispose();
        _told.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.WhenAll(FollowAsync(stoppingToken), ReportAsync(stoppingToken), FollowDenialsAsync(stoppingToken), ConfirmDenialsAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end of all four loops.
        }
    }

    private Task FollowAsync(CancellationToken stoppingToken) => FollowAsync(
        home.WatchAsync,
        record => grains.GetGrain<ITrustDomainGrain>(trustDomain.Value.Name).FollowAsync(record).WaitAsync(stoppingToken),
        reason => LogNotFollowed(logger, reason), stoppingToken);

    private Task FollowDenialsAsync(CancellationToken stoppingToken) => FollowAsync(
        home.WatchDenialsAsync,
        async told =>
        {
            var receipt = await Denials.FollowAsync(told).WaitAsync(stoppingToken);
            lock (_told)
            {
                _followed = (told.Number, receipt.Number);
            }

            _told.Call();
        },
        reason => LogDenialsNotFollowed(logger, reason), stoppingToken);

    /// <summary>Takes what the home tells, one after another, and asks anew when the stream ends; what was taken makes the next pause short again.</summary>
    private async Task FollowAsync<T>(Func<CancellationToken, IAsyncEnumerable<T>> watch, Func<T, Task> take, Action<string> failed, CancellationToken stoppingToken)
    {
        await denials.Joined.WaitAsync(stoppingToken);
        var retry = FirstRetry;
        while (true)
        {
            try
            {
                await foreach (var told in watch(stoppingToken))
                {
                    await take(told);
                    retry = FirstRetry;
                }
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                failed(failure.Message);
            }

            await time.PauseAsync(retry * random.NextJitter(0.2), stoppingToken);
            retry = retry * 2 < LastRetry ? retry * 2 : LastRetry;
        }
    }

    private async Task ReportAsync(CancellationToken stoppingToken)
    {
        await denials.Joined.WaitAsync(stoppingToken);
        while (true)
        {
            await ReportOnceAsync(stoppingToken);
            await time.PauseAsync(rotation.Value.LookEvery * random.NextJitter(0.2), stoppingToken);
        }
    }

    private async Task ReportOnceAsync(CancellationToken stoppingToken)
    {
        try
        {
            var report = await grains.GetGrain<IRotationGrain>(trustDomain.Value.Name).ReportAsync().WaitAsync(stoppingToken);
            var held = Volatile.Read(ref _held);
            await home.ReportAsync(held < 0 ? report : report with { DenialsNumber = held }, stoppingToken);
            HeardByHomeAt = time.GetUtcNow();
        }
        catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
        {
            LogNotReported(logger, HeardByHomeAt, failure.Message);
        }
    }

    /// <summary>Tells the home at once when what it told last holds on every silo here.</summary>
    private async Task ConfirmDenialsAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            (long Home, long Own)? followed;
            lock (_told)
            {
                followed = _followed;
            }

            if (followed is not { } newest || newest.Home <= Volatile.Read(ref _held))
            {
                await _told.PauseAsync(time, IdleLook, stoppingToken);
                continue;
            }

            try
            {
                if ((await Denials.StatusAsync(newest.Own).WaitAsync(stoppingToken)).EffectiveAt is not null)
                {
                    Volatile.Write(ref _held, newest.Home);
                    await ReportOnceAsync(stoppingToken);
                    continue;
                }
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotReported(logger, HeardByHomeAt, failure.Message);
            }

            await time.PauseAsync(AskEvery, stoppingToken);
        }
    }

    [LoggerMessage(EventId = 391, Level = LogLevel.Warning,
        Message = "What the home cluster denies is not followed ({Reason}). This cluster refuses by what it was told before, and the home's receipts say that it is behind.")]
    private static partial void LogDenialsNotFollowed(ILogger logger, string reason);

    [LoggerMessage(EventId = 353, Level = LogLevel.Warning,
        Message = "The home cluster is not followed ({Reason}). What stands goes on being issued from for as long as the issuing CAs live.")]
    private static partial void LogNotFollowed(ILogger logger, string reason);

    [LoggerMessage(EventId = 354, Level = LogLevel.Warning,
        Message = "The home cluster took no report (the last at {At:u}), so that a rotation of the root waits for this cluster. {Reason}")]
    private static partial void LogNotReported(ILogger logger, DateTimeOffset? at, string reason);
}
