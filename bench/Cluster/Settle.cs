using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>Waits until a cluster has come to rest, so that one fault's consequences are not counted as the next one's.</summary>
internal static class Settle
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    /// <summary>Until every silo has been ready, and none was started again, for a while.</summary>
    /// <returns>Since when that has been so (<see cref="Stopwatch"/> ticks).</returns>
    /// <exception cref="TimeoutException">It did not come to rest.</exception>
    public static async Task<long> UntilQuietAsync(DrillCluster cluster, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var (since, starts) = (Stopwatch.GetTimestamp(), cluster.SiloStarts);
        while (Stopwatch.GetElapsedTime(since) < Quiet)
        {
            var readiness = await Task.WhenAll(cluster.Mesh.Silos.Select(silo => silo.ReadinessAsync(cancellationToken)));
            if (cluster.SiloStarts != starts || readiness.Any(one => !one.IsReady))
            {
                (since, starts) = (Stopwatch.GetTimestamp(), cluster.SiloStarts);
            }

            if (clock.Elapsed > Patience)
            {
                throw new TimeoutException($"The cluster does not come to rest: {string.Join("; ", readiness.Where(one => !one.IsReady).Select(one => one.Why))}");
            }

            await Task.Delay(200, cancellationToken);
        }

        return since;
    }
}
