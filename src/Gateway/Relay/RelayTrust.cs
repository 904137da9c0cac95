using System.Net;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Relay;

/// <summary>
/// The trust bundle as the silos with an issuing CA show it, for a process that has none: fetched over the relay link, again at the bundle's refresh
/// hint or each half minute. An older number than the one known is not taken. A gateway needs it for the handshake with clients, whom the silo judges again.
/// </summary>
internal sealed class RelayTrust(SiloCalls silos, OwnIssuer own, MeshScope scope, IRandomSource random, TimeProvider time, ILogger<RelayTrust> logger) : BackgroundService, IClientTrust, IReadinessCheck
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);

    private volatile SpiffeBundle? _bundle;

    public SpiffeBundle? Bundle => _bundle;

    public bool IsLastWord => false;

    public string Name => "trust-bundle";

    public string? NotReadyReason => _bundle is null ? "The trust bundle has not been fetched from a silo yet." : null;

    /// <summary>Raised after another bundle came into use.</summary>
    public event Action? Changed;

    internal async Task<bool> FetchAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (status, body) = await silos.SendAsync(() => new HttpRequestMessage(HttpMethod.Get, SiloLink.Uri("/v1/bundle")), cancellationToken);
            if (status != HttpStatusCode.OK || !SpiffeBundle.TryRead(body, scope.TrustDomain, out var bundle, out var error))
            {
                RelayLog.BundleNotFetched(logger, status == HttpStatusCode.OK ? "it cannot be read" : $"HTTP {(int)status}");
                return false;
            }

            Take(bundle);
            return true;
        }
        catch (GrainOperationException none)
        {
            // While no silo is known this is the ordinary order of a start, which /readyz tells.
            if (_bundle is not null)
            {
                RelayLog.BundleNotFetched(logger, none.Message);
            }

            return false;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var fetched = !own.IsThere && await FetchAsync(stoppingToken);
                var wait = !fetched ? Retry : _bundle?.RefreshHint is { } hint && hint < Longest ? hint : Longest;
                await Task.Delay(wait * random.NextJitter(0.1), time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends.
        }
    }

    private void Take(SpiffeBundle bundle)
    {
        var known = _bundle;
        if (known is not null && bundle.Sequence < known.Sequence)
        {
            RelayLog.BundleRolledBack(logger, bundle.Sequence ?? 0, known.Sequence ?? 0);
            return;
        }

        // The same number is the same bundle: verdicts kept under it stay.
        if (known is not null && bundle.Sequence == known.Sequence && bundle.HasSameAuthorities(known))
        {
            return;
        }

        _bundle = bundle;
        RelayLog.BundleInUse(logger, bundle.Sequence ?? 0);
        Changed?.Invoke();
    }
}
