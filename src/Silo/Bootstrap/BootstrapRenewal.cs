using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Hosting;

namespace MeshGrains.Silo;

/// <summary>
/// Renews, at half its life, the bootstrap certificate that this silo made for itself. Foreign files are their issuer's business; of those it
/// only says when their end comes near.
/// </summary>
internal sealed partial class BootstrapRenewal(
    FileSiloBootstrap bootstrap, BootstrapIdentity identity, ISerialSource serials, IRandomSource random, TimeProvider time,
    ILogger<BootstrapRenewal> logger) : BackgroundService
{
    /// <summary>Between two looks at the most; a timer holds no year.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(12);

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Look(), time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end of the loop.
        }
    }

    /// <summary>Does what is due and gives the time until the next look.</summary>
    private TimeSpan Look()
    {
        var now = time.GetUtcNow();
        var certificate = bootstrap.TlsCertificate;
        var (begin, end) = (new DateTimeOffset(certificate.NotBefore.ToUniversalTime()), new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));
        var untilHalf = begin + ((end - begin) / 2) - now;
        if (untilHalf > TimeSpan.Zero)
        {
            return Bounded(untilHalf * random.NextJitter(0.05));
        }

        if (BootstrapFiles.IsOurs(bootstrap.Directory))
        {
            Renew(now);
        }
        else if (end - now < (end - begin) / 4)
        {
            LogEnding(logger, end, bootstrap.Directory);
        }

        return Bounded((end - begin) / 20);
    }

    private void Renew(DateTimeOffset now)
    {
        try
        {
            BootstrapFiles.Renew(bootstrap.Directory, identity, serials, now);
            LogRenewed(logger, bootstrap.Directory);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
        {
            LogNotRenewed(logger, bootstrap.Directory, failure.Message);
        }
    }

    private static TimeSpan Bounded(TimeSpan pause) => pause < ShortestPause ? ShortestPause : pause > LongestPause ? LongestPause : pause;

    [LoggerMessage(EventId = 620, Level = LogLevel.Information, Message = "The bootstrap certificate in {Directory} was renewed at half its life.")]
    private static partial void LogRenewed(ILogger logger, string directory);

    [LoggerMessage(EventId = 621, Level = LogLevel.Warning, Message = "The bootstrap certificate in {Directory} could not be renewed; it is tried again. {Reason}")]
    private static partial void LogNotRenewed(ILogger logger, string directory, string reason);

    [LoggerMessage(EventId = 622, Level = LogLevel.Warning, Message = "The bootstrap certificate ends at {End:u}. Put new files into {Directory}; they are read without a restart.")]
    private static partial void LogEnding(ILogger logger, DateTimeOffset end, string directory);
}
