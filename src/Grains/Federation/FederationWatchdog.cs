using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// Asks each relationship when it said that it is due. Every silo does; the first one that comes does the work. Each is asked on its own: a peer that is slow
/// delays nobody but itself.
/// </summary>
public sealed partial class FederationWatchdog(
    IGrainFactory grains, FederatedBundles bundles, FederationInstruments instruments, IOptions<TrustDomainOptions> trustDomain, IOptions<FederationOptions> options,
    IRandomSource random, TimeProvider time, ILogger<FederationWatchdog> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Watched> _watched = new(StringComparer.Ordinal);

    /// <summary>What this silo last saw of each relationship.</summary>
    internal IEnumerable<FederationView> Views => _watched.Values.Select(watched => watched.View).OfType<FederationView>();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        instruments.Watch(() => Views, time);
        try
        {
            while (true)
            {
                await time.PauseAsync(Period * random.NextJitter(0.2), stoppingToken);
                if (bundles.List is not { } list)
                {
                    continue;
                }

                var now = time.GetUtcNow();
                foreach (var member in list.Members)
                {
                    var watched = _watched.GetOrAdd(member.TrustDomain, static _ => new Watched());
                    if (!watched.Running && (watched.Due <= now || watched.Number != member.Number || watched.Due > now + (2 * options.Value.MaxPoll)))
                    {
                        (watched.Running, watched.Number) = (true, member.Number);
                        _ = TickAsync(member.TrustDomain, watched, stoppingToken);
                    }
                }

                foreach (var gone in _watched.Keys.Except(list.Members.Select(member => member.TrustDomain)))
                {
                    _watched.TryRemove(gone, out _);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end of the loop.
        }
    }

    private async Task TickAsync(string foreign, Watched watched, CancellationToken stoppingToken)
    {
        try
        {
            var view = await grains.GetGrain<IFederationGrain>(FederationKeys.Of(trustDomain.Value.Name, foreign)).TickAsync().WaitAsync(Patience, time, stoppingToken);
            watched.View = view;
            watched.Due = (view?.NextAt ?? time.GetUtcNow() + AfterFailure) + (Period * random.NextJitter(1));
        }
        catch (Exception failure)
        {
            watched.Due = time.GetUtcNow() + (AfterFailure * random.NextJitter(0.3));
            if (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(logger, foreign, failure.Message);
            }
        }
        finally
        {
            watched.Running = false;
        }
    }

    private sealed class Watched
    {
        public DateTimeOffset Due { get; set; } = DateTimeOffset.MinValue;

        public long Number { get; set; } = -1;

        public volatile bool Running;

        public FederationView? View { get; set; }
    }

    [LoggerMessage(EventId = 249, Level = LogLevel.Warning, Message = "The relationship with {Foreign} could not be looked after; it is tried again. {Reason}")]
    private static partial void LogFailed(ILogger logger, string foreign, string reason);
}
