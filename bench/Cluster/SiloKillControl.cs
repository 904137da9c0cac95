namespace MeshGrains.Bench;

/// <summary>
/// The control of the silo-kill drill, on its cluster: the last silo records after its reply and is asked directly, with one attempt for each certificate. Its kill has
/// to lose records and fail clients.
/// </summary>
internal static class SiloKillControl
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly ClientRules Alone = ClientRules.Issue with { Attempts = 1 };

    public static async Task<(int Unrecorded, int Failures)> RunAsync(DrillCluster cluster, PlantedFaults faults, CancellationToken cancellationToken)
    {
        var victim = cluster.Mesh.Silos[^1];
        faults.Plant(victim.Name, PlantedFaults.RecordAfterReply);
        await victim.Process.DrainAsync(Patience);
        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        await victim.UntilReadyAsync(Patience, cancellationToken);
        Progress.Say($"control: {victim.Name} records after its reply");
        await using var clients = new DrillClients(cluster.Tokens, DrillCluster.Target(victim), Alone, firstAccount: 100);
        await Task.Delay(TimeSpan.FromSeconds(4), cancellationToken);
        faults.Remove(victim.Name);
        await victim.Process.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        await clients.StopAsync();
        await victim.UntilReadyAsync(Patience, cancellationToken);
        var audit = await LogAudit.RunAsync(cluster, [.. clients.Received().Select(one => one.Serial)], cancellationToken);
        Progress.Say($"control: {audit.Unrecorded} certificates unrecorded, {clients.Failures().Length} failures");
        return (audit.Unrecorded, clients.Failures().Length);
    }
}
