using System.Diagnostics.Metrics;
using Google.Protobuf;
using MeshGrains.Gateway.Metrics;
using MeshGrains.Grains;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Wire = MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Agents;

/// <summary>
/// The trust domain's revocation lists as agents get them. A set that is too long is not told, and the one before stays: each of its lists holds to its own end, while
/// taking them away would let in whom they name.
/// </summary>
internal sealed class AgentCrls : BackgroundService
{
    /// <summary>Of all lists together. Workloads get those of up to five trust domains in one message with their SVIDs, and take 4 MB.</summary>
    public const int MaxBytes = 640 * 1024;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    private readonly ICrlSource? _source;
    private readonly IRandomSource _random;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Counter<long> _failures;
    private IReadOnlyList<(string AuthorityId, long Number)> _told = [];
    private Wire.RevocationLists? _current;
    private string _trouble = "";

    /// <param name="meters">Makes the counter.</param>
    /// <param name="random">Spreads the looks of silos.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Is told what goes wrong.</param>
    /// <param name="source">Null where this process knows of no lists: agents are told nothing then.</param>
    public AgentCrls(IMeterFactory meters, IRandomSource random, TimeProvider time, ILogger<AgentCrls> logger, ICrlSource? source = null)
    {
        (_source, _random, _time, _logger) = (source, random, time, logger);
        _failures = meters.Create(GatewayMetrics.MeterName).CreateCounter<long>(
            "meshgrains.agents.crl_failures", description: "Looks at the revocation lists after which agents could not be told of them, by reason.");

        // Where no lists are made agents drop what they have from when there were some.
        _current = source is { IsOn: false } ? new Wire.RevocationLists() : null;
    }

    /// <summary>Raised when the lists are others.</summary>
    public event Action? Changed;

    /// <summary>Null before they are known. One message for all agents; nobody changes it.</summary>
    public Wire.RevocationLists? Current => Volatile.Read(ref _current);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_source is not { IsOn: true } source)
        {
            return;
        }

        try
        {
            while (true)
            {
                try
                {
                    Take(await source.ListAsync(stoppingToken));
                }
                catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
                {
                    Fail("unknown", () => AgentLog.CrlsUnknown(_logger, failure.Message));
                }

                await Task.Delay(Look * _random.NextJitter(0.2), _time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end of the loop.
        }
    }

    internal void Take(IReadOnlyList<CrlView> lists)
    {
        // The last list of a silo that is lost stays among them after its end.
        var now = _time.GetUtcNow();
        var standing = lists.Where(list => list.NextUpdate > now).OrderBy(list => list.AuthorityId, StringComparer.Ordinal).ToList();
        var bytes = standing.Sum(list => (long)list.Der.Length);
        if (bytes > MaxBytes)
        {
            Fail("too_large", () => AgentLog.CrlsTooLarge(_logger, standing.Count, bytes, MaxBytes));
            return;
        }

        _trouble = "";
        var told = standing.Select(list => (list.AuthorityId, list.Number)).ToList();
        if (_current is not null && told.SequenceEqual(_told))
        {
            return;
        }

        _told = told;
        Volatile.Write(ref _current, new Wire.RevocationLists { Crls = { standing.Select(list => ByteString.CopyFrom(list.Der)) } });
        Changed?.Invoke();
    }

    /// <summary>Counted at each look, told once.</summary>
    private void Fail(string reason, Action tell)
    {
        _failures.Add(1, new KeyValuePair<string, object?>("reason", reason));
        if (_trouble != reason)
        {
            _trouble = reason;
            tell();
        }
    }
}
