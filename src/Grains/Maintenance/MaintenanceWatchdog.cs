using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Asks the cluster CA and the maintenance shards every few minutes, with jitter, whether something is due. When, stands in their states: a tick too
/// many does nothing, and where reminders were lost nothing is lost with them.
/// </summary>
public sealed partial class MaintenanceWatchdog(
    IGrainFactory grains,
    RecordKeyRing recordKey,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<CaOptions> options,
    IRandomSource random,
    TimeProvider time,
    ILogger<MaintenanceWatchdog> logger) : BackgroundService
{
    private static readonly TimeSpan LongestPeriod = TimeSpan.FromMinutes(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await recordKey.Ready.WaitAsync(stoppingToken);
            var period = options.Value.IssuingCaTtl / 10 < LongestPeriod ? options.Value.IssuingCaTtl / 10 : LongestPeriod;
            while (true)
            {
                await time.PauseAsync(period * random.NextJitter(0.5), stoppingToken);
                await TickAsync(grains.GetGrain<IClusterCaGrain>(trustDomain.Value.ClusterKey).TickAsync, "the cluster CA", stoppingToken);
                for (var shard = 0; shard < MaintenanceShards.Count && !stoppingToken.IsCancellationRequested; shard++)
                {
                    await TickAsync(
                        grains.GetGrain<IMaintenanceGrain>(MaintenanceShards.Key(trustDomain.Value.Name, shard)).TickAsync, "maintenance", stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end of the loop.
        }
    }

    private async Task TickAsync(Func<Task> tick, string what, CancellationToken stoppingToken)
    {
        try
        {
            await tick().WaitAsync(stoppingToken);
        }
        catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
        {
            LogFailed(logger, what, failure.Message);
        }
    }

    [LoggerMessage(EventId = 180, Level = LogLevel.Warning, Message = "A tick of {What} failed; the next one goes on where it stopped. {Reason}")]
    private static partial void LogFailed(ILogger logger, string what, string reason);
}
