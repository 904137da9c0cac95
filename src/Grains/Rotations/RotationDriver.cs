using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>Has the rotation looked at again and again, from every silo: what was begun goes on whichever silo is lost.</summary>
public sealed partial class RotationDriver(
    IGrainFactory grains,
    DenialReplica denials,
    RotationInstruments instruments,
    IOptions<TrustDomainOptions> trustDomain,
    IOptions<RotationOptions> options,
    IOptions<HomeOptions> home,
    IRandomSource random,
    TimeProvider time,
    ILogger<RotationDriver> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (home.Value.IsElsewhere)
        {
            // The home rotates; HomeFollower tells it how things stand here.
            return;
        }

        try
        {
            await denials.Joined.WaitAsync(stoppingToken);
            while (true)
            {
                await time.PauseAsync(options.Value.LookEvery * random.NextJitter(0.2), stoppingToken);
                try
                {
                    var rotation = grains.GetGrain<IRotationGrain>(trustDomain.Value.Name);
                    await rotation.TickAsync().WaitAsync(stoppingToken);
                    instruments.Hear(await rotation.SeenAsync().WaitAsync(stoppingToken));
                }
                catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
                {
                    LogFailed(logger, failure.Message);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end of the loop.
        }
    }

    [LoggerMessage(EventId = 165, Level = LogLevel.Warning, Message = "A look at the root's rotation failed; the next one goes on where it stopped. {Reason}")]
    private static partial void LogFailed(ILogger logger, string reason);
}
