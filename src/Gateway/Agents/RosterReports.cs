using System.Collections.Immutable;
using MeshGrains.Grains;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Agents;

/// <summary>Tells the trust domain's roster of this silo's agents: what changed within a second, and all of them within a heartbeat.</summary>
internal sealed class RosterReports(
    AgentRoster roster, IGrainFactory grains, IOptions<TrustDomainOptions> options, TimeProvider time, ILogger<RosterReports> logger) : BackgroundService
{
    private const int MaxBatch = 500;
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Tick, time);
        var whole = time.GetTimestamp();
        var failing = false;
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                var all = time.GetElapsedTime(whole) >= AgentRosterDecisions.Heartbeat / 2;
                if (all)
                {
                    whole = time.GetTimestamp();
                }

                var failure = await TellAsync(all, stoppingToken);
                if (failure is not null && !failing)
                {
                    AgentLog.NotReported(logger, failure);
                }

                failing = failure is not null;
            }
        }
        catch (OperationCanceledException)
        {
            // Who is connected elsewhere by then is told from there.
        }
    }

    /// <summary>Why something could not be told; null when all was.</summary>
    private async Task<string?> TellAsync(bool all, CancellationToken cancellationToken)
    {
        var told = new List<(AgentSighting Sighting, AgentConnection? Connection)>();
        while (roster.TryTakeLeft(out var left))
        {
            told.Add((Sighting(left, connected: false), null));
        }

        foreach (var connection in roster.Connected)
        {
            if (connection.TakeUntold() | all)
            {
                told.Add((Sighting(connection, connected: true), connection));
            }
        }

        string? why = null;
        foreach (var shard in told.GroupBy(one => AgentRosterShards.Of(one.Sighting.AgentId)))
        {
            foreach (var batch in shard.Chunk(MaxBatch))
            {
                try
                {
                    await grains.GetGrain<IAgentRosterGrain>(AgentRosterShards.Key(options.Value.Name, shard.Key))
                        .ReportAsync([.. batch.Select(one => one.Sighting)]).WaitAsync(Patience, time, cancellationToken);
                }
                catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
                {
                    why = failure.Message;
                    foreach (var (_, connection) in batch)
                    {
                        connection?.MarkUntold();
                    }
                }
            }
        }

        return why;
    }

    private AgentSighting Sighting(AgentConnection connection, bool connected)
    {
        var report = connection.Report;
        return new AgentSighting(
            connection.Standing.AgentId, options.Value.Silo, connected, connection.Serial, connection.NotAfter, connection.Standing.AttestedAt, connection.Address,
            connection.Since, report?.Version ?? "", report?.BundleNumber ?? 0, report?.Health?.Trouble ?? "", report?.Health?.Svids ?? 0,
            report?.Health?.SvidsMissing ?? 0);
    }
}
