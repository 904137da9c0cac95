using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>
/// The control of the upgrade drill, on its cluster: all silos are replaced at once by a version that cannot read what is stored. None may become ready, and clients
/// and operators have to be seen failing.
/// </summary>
internal static class UpgradeControl
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(15);

    /// <returns>Failures of clients and of operators, whether a silo told the planted fault as its reason, and silos that became ready.</returns>
    public static async Task<(int Failures, int AdminFailures, bool Told, int Ready)> RunAsync(
        DrillCluster cluster, PlantedFaults faults, CancellationToken cancellationToken)
    {
        Progress.Say("control: all silos at once, by a version that cannot read what is stored");
        await using var admin = new AdminCalls(cluster.Mesh, "control");
        await using var clients = new DrillClients(cluster.Tokens, cluster.Front, ClientRules.Issue, firstAccount: 100);
        foreach (var silo in cluster.Mesh.Silos)
        {
            faults.Plant(silo.Name, PlantedFaults.RefuseState);
        }

        await Task.WhenAll(cluster.Mesh.Silos.Select(silo => silo.Process.DrainAsync(Patience)));
        var clock = Stopwatch.StartNew();
        var readiness = new List<Readiness>();
        var told = false;
        while (clock.Elapsed < Watched || (!told && clock.Elapsed < Patience))
        {
            await Task.Delay(500, cancellationToken);
            readiness = [.. await Task.WhenAll(cluster.Mesh.Silos.Select(silo => silo.ReadinessAsync(cancellationToken)))];
            told = told || readiness.Exists(one => one.Why.Contains(PlantedFaults.RefusedState, StringComparison.Ordinal));
        }

        await admin.StopAsync();
        await clients.StopAsync();
        var ready = readiness.Count(one => one.IsReady);
        Progress.Say($"control: {clients.Failures().Length} failures of clients, {admin.Failures.Count} of operators, {ready} silos ready");
        return (clients.Failures().Length, admin.Failures.Count, told, ready);
    }
}
