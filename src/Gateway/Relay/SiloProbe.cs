using System.Net;
using MeshGrains.Grains;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Relay;

/// <summary>
/// A relay's clock: brings the silos up to date and asks each one's <c>/readyz</c> over its link, each interval with some jitter. A silo that does
/// not answer in its time is left out. In a silo it rests while that has an issuing CA and relays nothing.
/// </summary>
internal sealed class SiloProbe(SiloLinks links, OwnIssuer own, IOptions<RelayOptions> options, IRandomSource random, TimeProvider time) : BackgroundService, IReadinessCheck
{
    private const double Spread = 0.1;
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(2);

    public string Name => "silos";

    public string? NotReadyReason => links.Healthy > 0 ? null
        : links.All.Count == 0 ? "no silo is known; relay.silos and relay.silosFile name them"
        : $"none of {links.All.Count} silos is ready";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                if (!own.IsThere)
                {
                    await links.RefreshAsync(TimeSpan.Zero, stoppingToken);

                    // Not awaited: one silo that is frozen does not keep the others from being asked.
                    foreach (var link in links.All)
                    {
                        _ = AskAsync(link, stoppingToken);
                    }
                }

                await Task.Delay(options.Value.ProbeInterval * random.NextJitter(Spread), time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends.
        }
    }

    private async Task AskAsync(SiloLink link, CancellationToken cancellationToken)
    {
        if (!link.TryBeginAsking())
        {
            return;
        }

        var limit = options.Value.ProbeInterval < LongestAnswer ? LongestAnswer : options.Value.ProbeInterval;
        using var patience = new CancellationTokenSource(limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        using var call = link.Enter();
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, SiloLink.Uri("/readyz"));
            using var answer = await link.SendAsync(request, both.Token);
            link.Told(answer.StatusCode == HttpStatusCode.OK);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                link.Eject(failure is OperationCanceledException ? $"it did not answer within {limit.TotalSeconds:0.#} s" : failure.Message);
            }
        }
        finally
        {
            link.EndAsking();
        }
    }
}
