using System.Net;
using System.Net.Sockets;
using MeshGrains.Grains;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Relay;

/// <summary>
/// The silos that calls can be handed to, and the choice among them: two are drawn from the healthiest there are, and the one with fewer calls in
/// flight is taken.
/// </summary>
internal sealed class SiloLinks : IDisposable
{
    private static readonly TimeSpan LookupTime = TimeSpan.FromSeconds(5);

    private readonly IRelayTargets _targets;
    private readonly SiloLinkFactory _factory;
    private readonly RelayOptions _options;
    private readonly RelayMetrics _metrics;
    private readonly IRandomSource _random;
    private readonly TimeProvider _time;
    private readonly ILogger<SiloLinks> _logger;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private volatile SiloLink[] _links = [];
    private IReadOnlyList<string> _addresses = [];
    private IReadOnlyList<IPEndPoint> _resolved = [];
    private long _resolvedAt;
    private long _refreshedAt;
    private bool _begun;
    private string? _problem;

    public SiloLinks(
        IRelayTargets targets, SiloLinkFactory factory, IOptions<RelayOptions> options, RelayMetrics metrics, IRandomSource random, TimeProvider time,
        ILogger<SiloLinks> logger)
    {
        (_targets, _factory, _options, _metrics, _random, _time, _logger) = (targets, factory, options.Value, metrics, random, time, logger);
        metrics.Observe(() => _links);
    }

    public IReadOnlyList<SiloLink> All => _links;

    /// <summary>Silos that would get a call now.</summary>
    public int Healthy => _links.Count(link => !link.IsEjected && link.Ready == true);

    /// <summary>A silo for the next attempt, none of <paramref name="tried"/>; null when there is none left.</summary>
    public SiloLink? Choose(IReadOnlyCollection<SiloLink> tried)
    {
        var untried = _links.Where(link => !tried.Contains(link)).ToList();
        var best = untried.Where(link => !link.IsEjected && link.Ready == true).ToList();
        if (best.Count == 0)
        {
            // One that is not ready may still serve what needs no issuing CA, and one that failed may be back.
            best = untried.Where(link => !link.IsEjected && link.Ready is null).ToList();
            best = best.Count > 0 ? best : untried.Where(link => !link.IsEjected).ToList();
            best = best.Count > 0 ? best : untried;
        }

        if (best.Count <= 1)
        {
            return best.Count == 0 ? null : best[0];
        }

        var first = Below(best.Count);
        var second = Below(best.Count - 1);
        second += second >= first ? 1 : 0;
        return best[first].InFlight <= best[second].InFlight ? best[first] : best[second];
    }

    /// <summary>Brings the silos up to date when the last time is at least <paramref name="age"/> ago. Never throws but for cancellation.</summary>
    public async Task RefreshAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        if (_begun && _time.GetElapsedTime(Volatile.Read(ref _refreshedAt)) < age)
        {
            return;
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_begun && _time.GetElapsedTime(_refreshedAt) < age)
            {
                return;
            }

            var addresses = await _targets.ListAsync(cancellationToken);
            if (!_begun || !addresses.SequenceEqual(_addresses, StringComparer.OrdinalIgnoreCase) || _time.GetElapsedTime(_resolvedAt) >= _options.ResolveInterval)
            {
                _resolved = await ResolveAsync(addresses, cancellationToken);
                (_addresses, _resolvedAt) = (addresses, _time.GetTimestamp());
                Reconcile();
            }

            _problem = null;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            if (_problem != failure.Message)
            {
                RelayLog.SilosUnreadable(_logger, _problem = failure.Message);
            }
        }
        finally
        {
            (_refreshedAt, _begun) = (_time.GetTimestamp(), true);
            _turn.Release();
        }
    }

    public void Dispose()
    {
        foreach (var link in _links)
        {
            link.Dispose();
        }

        _turn.Dispose();
    }

    private async Task<IReadOnlyList<IPEndPoint>> ResolveAsync(IReadOnlyList<string> addresses, CancellationToken cancellationToken)
    {
        var found = new List<IPEndPoint>();
        foreach (var address in addresses)
        {
            if (!RelayAddress.TryParse(address, out var host, out var port))
            {
                continue;
            }

            // A resolver that hangs would keep every silo from being asked how it is.
            using var patience = new CancellationTokenSource(LookupTime, _time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            try
            {
                found.AddRange((await Dns.GetHostAddressesAsync(host, both.Token)).Select(ip => new IPEndPoint(ip, port)));
            }
            catch (Exception failure) when (failure is SocketException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                // A name that has gone for a moment does not take its silos along.
                found.AddRange(_links.Where(link => link.EndPoint.Port == port && _resolved.Contains(link.EndPoint)).Select(link => link.EndPoint));
                RelayLog.SilosUnreadable(_logger, $"'{host}' cannot be looked up: {(failure as SocketException)?.SocketErrorCode.ToString() ?? "no answer in time"}");
            }
        }

        return [.. found.Distinct().Take(RelayAddress.MostSilos)];
    }

    private void Reconcile()
    {
        var standing = _links.ToDictionary(link => link.EndPoint);
        var next = _resolved
            .Select(endPoint => standing.Remove(endPoint, out var link)
                ? link
                : new SiloLink(endPoint, _factory, _options.Ejection, _metrics, _time, _logger))
            .ToArray();
        if (next.Length != _links.Length || standing.Count > 0)
        {
            RelayLog.SilosKnown(_logger, next.Length);
        }

        _links = next;
        foreach (var gone in standing.Values)
        {
            gone.Dispose();
        }
    }

    private int Below(int count)
    {
        Span<byte> bytes = stackalloc byte[4];
        _random.Fill(bytes);
        return (int)(BitConverter.ToUInt32(bytes) % (uint)count);
    }
}
