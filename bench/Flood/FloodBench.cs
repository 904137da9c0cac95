using System.Globalization;

namespace MeshGrains.Bench;

/// <summary>The p99 of renewals over mutual TLS, first alone and then beside a flood of bad tokens, unknown kids and oversized keys.</summary>
internal static class FloodBench
{
    private const int Clients = 8;
    private const int Rounds = 3;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan Lead = TimeSpan.FromSeconds(1);

    /// <param name="silo">The server.</param>
    /// <param name="cluster">Whose tokens the calls bear.</param>
    /// <param name="folder">For the file of bad calls.</param>
    /// <param name="each">How long each phase lasts; quiet ones and floods take turns, so that both see the same machine.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    public static async Task<FloodFigures> RunAsync(SiloProcess silo, TestCluster cluster, string folder, TimeSpan each, CancellationToken cancellationToken)
    {
        var clients = new List<RenewingClient>();
        try
        {
            for (var i = 0; i < Clients; i++)
            {
                clients.Add(await RenewingClient.CreateAsync(silo.Target(), cluster.Token(2_000 + i), Pace, cancellationToken));
            }

            var callsFile = Path.Combine(folder, "flood.txt");
            await File.WriteAllLinesAsync(callsFile, BadCalls.Lines(cluster, ofEachKind: 100), cancellationToken);
            await RenewAsync(clients, Lead, cancellationToken);
            List<double> quiet = [];
            List<double> flooded = [];
            List<double> perSecond = [];
            for (var round = 0; round < Rounds; round++)
            {
                quiet.AddRange(await RenewAsync(clients, each, cancellationToken));
                var seconds = each + (2 * Lead);
                var flooding = ChildProcess.ReadAsync(
                    Path.Combine(AppContext.BaseDirectory, "MeshGrains.Bench"),
                    [FloodRun.Command, silo.Gateway.ToString(), silo.BundleFile, callsFile, seconds.TotalSeconds.ToString(CultureInfo.InvariantCulture)],
                    cancellationToken);
                await RenewAsync(clients, Lead, cancellationToken);
                flooded.AddRange(await RenewAsync(clients, each, cancellationToken));
                perSecond.Add(long.Parse(await flooding, CultureInfo.InvariantCulture) / seconds.TotalSeconds);
            }

            var (quietP99, floodP99) = (Statistics.Percentile(quiet, 0.99), Statistics.Percentile(flooded, 0.99));
            Progress.Say($"renewals: p99 {quietP99:0.00} ms alone, {floodP99:0.00} ms beside {perSecond.Average():0} bad calls/s");
            return new FloodFigures(
                quietP99, floodP99, perSecond.Average(), clients.Sum(client => client.Failed), clients.Select(client => client.FirstFailure).FirstOrDefault(why => why is not null));
        }
        finally
        {
            foreach (var client in clients)
            {
                await client.DisposeAsync();
            }
        }
    }

    private static async Task<IEnumerable<double>> RenewAsync(List<RenewingClient> clients, TimeSpan duration, CancellationToken cancellationToken)
    {
        var runs = await Task.WhenAll(clients.Select(client => Task.Run(() => client.RunAsync(duration, cancellationToken), cancellationToken)));
        return runs.SelectMany(run => run);
    }
}
