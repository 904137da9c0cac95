using System.Globalization;

namespace MeshGrains.Bench;

/// <summary>The p99 of renewals over mutual TLS, first alone and then beside a flood of bad tokens, unknown kids and oversized keys.</summary>
internal static class FloodBench
{
    private const int Clients = 8;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan Lead = TimeSpan.FromSeconds(1);

    public static async Task<FloodFigures> RunAsync(SiloProcess silo, TestCluster cluster, string folder, TimeSpan duration, CancellationToken cancellationToken)
    {
        var clients = new List<RenewingClient>();
        try
        {
            for (var i = 0; i < Clients; i++)
            {
                clients.Add(await RenewingClient.CreateAsync(silo.Target(), cluster.Token(2_000 + i), Pace, cancellationToken));
            }

            await RenewAsync(clients, Lead, cancellationToken);
            var quiet = await RenewAsync(clients, duration, cancellationToken);
            Progress.Say($"renewals alone: p99 {quiet:0.00} ms");

            var callsFile = Path.Combine(folder, "flood.txt");
            await File.WriteAllLinesAsync(callsFile, BadCalls.Lines(cluster, ofEachKind: 100), cancellationToken);
            var seconds = duration + (2 * Lead);
            var flooding = ChildProcess.ReadAsync(
                Path.Combine(AppContext.BaseDirectory, "MeshGrains.Bench"),
                [FloodRun.Command, silo.Gateway.ToString(), silo.BundleFile, callsFile, seconds.TotalSeconds.ToString(CultureInfo.InvariantCulture)],
                cancellationToken);
            await RenewAsync(clients, Lead, cancellationToken);
            var flooded = await RenewAsync(clients, duration, cancellationToken);
            var perSecond = long.Parse(await flooding, CultureInfo.InvariantCulture) / seconds.TotalSeconds;
            Progress.Say($"renewals beside {perSecond:0} bad calls/s: p99 {flooded:0.00} ms");
            return new FloodFigures(
                quiet, flooded, perSecond, clients.Sum(client => client.Failed), clients.Select(client => client.FirstFailure).FirstOrDefault(why => why is not null));
        }
        finally
        {
            foreach (var client in clients)
            {
                await client.DisposeAsync();
            }
        }
    }

    private static async Task<double> RenewAsync(List<RenewingClient> clients, TimeSpan duration, CancellationToken cancellationToken)
    {
        var runs = await Task.WhenAll(clients.Select(client => Task.Run(() => client.RunAsync(duration, cancellationToken), cancellationToken)));
        return Statistics.Percentile(runs.SelectMany(run => run), 0.99);
    }
}
