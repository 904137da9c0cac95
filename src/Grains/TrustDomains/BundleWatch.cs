using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Brings a newer trust bundle to what this silo issues from: told of its number at once, and looking for itself every third of the denial lease,
/// which repairs whatever the telling lost. The key and the certificate stay.
/// </summary>
public sealed partial class BundleWatch(
    IGrainFactory grains,
    DenialReplica denials,
    IssuerSource issuers,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<DenialOptions> options,
    IRandomSource random,
    TimeProvider time,
    ILogger<BundleWatch> logger) : BackgroundService
{
    private readonly WakeUp _told = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        denials.BundleChanged += OnBundleChanged;
        try
        {
            await denials.Joined.WaitAsync(stoppingToken);
            while (true)
            {
                await _told.PauseAsync(time, options.Value.Lease / 3 * random.NextJitter(0.1), stoppingToken);
                stoppingToken.ThrowIfCancellationRequested();
                await LookAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end of the loop.
        }
        finally
        {
            denials.BundleChanged -= OnBundleChanged;
        }
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        if (issuers.Current is not { } current)
        {
            return;
        }

        try
        {
            var grain = grains.GetGrain<ITrustDomainGrain>(trustDomain.Value.Name);
            if (await grain.BundleNumberAsync().WaitAsync(stoppingToken) > current.BundleNumber
                && issuers.Show(await grain.GetAsync().WaitAsync(stoppingToken)))
            {
                LogShown(logger, issuers.Current?.BundleNumber ?? 0);
            }
        }
        catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
        {
            LogNotSeen(logger, current.BundleNumber, failure.Message);
        }
    }

    private void OnBundleChanged(long number)
    {
        if (!(number <= issuers.Current?.BundleNumber))
        {
            _told.Call();
        }
    }

    public override void Dispose()
    {
        _told.Dispose();
        base.Dispose();
    }

    [LoggerMessage(EventId = 150, Level = LogLevel.Information, Message = "Trust bundle {Number} is delivered from here on.")]
    private static partial void LogShown(ILogger logger, long number);

    [LoggerMessage(EventId = 151, Level = LogLevel.Warning, Message = "It could not be seen whether there is a newer trust bundle than {Number}: {Reason}")]
    private static partial void LogNotSeen(ILogger logger, long number, string reason);
}
