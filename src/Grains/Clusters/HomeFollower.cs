using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// In a member cluster's silos of role authority: brings each change of the home's record to the trust domain, and tells the home how things stand here. What
/// is issued depends on neither.
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

    /// <summary>When the home last took a report; null before the first.</summary>
    public DateTimeOffset? HeardByHomeAt { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.WhenAll(FollowAsync(stoppingToken), ReportAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end of both loops.
        }
    }

    private async Task FollowAsync(CancellationToken stoppingToken)
    {
        await denials.Joined.WaitAsync(stoppingToken);
        var retry = FirstRetry;
        while (true)
        {
            try
            {
                await foreach (var record in home.WatchAsync(stoppingToken))
                {
                    await grains.GetGrain<ITrustDomainGrain>(trustDomain.Value.Name).FollowAsync(record).WaitAsync(stoppingToken);
                    retry = FirstRetry;
                }
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotFollowed(logger, failure.Message);
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
            try
            {
                var report = await grains.GetGrain<IRotationGrain>(trustDomain.Value.Name).ReportAsync().WaitAsync(stoppingToken);
                await home.ReportAsync(report, stoppingToken);
                HeardByHomeAt = time.GetUtcNow();
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotReported(logger, HeardByHomeAt, failure.Message);
            }

            await time.PauseAsync(rotation.Value.LookEvery * random.NextJitter(0.2), stoppingToken);
        }
    }

    [LoggerMessage(EventId = 353, Level = LogLevel.Warning,
        Message = "The home cluster is not followed ({Reason}). What stands goes on being issued from for as long as the issuing CAs live.")]
    private static partial void LogNotFollowed(ILogger logger, string reason);

    [LoggerMessage(EventId = 354, Level = LogLevel.Warning,
        Message = "The home cluster took no report (the last at {At:u}), so that a rotation of the root waits for this cluster. {Reason}")]
    private static partial void LogNotReported(ILogger logger, DateTimeOffset? at, string reason);
}
