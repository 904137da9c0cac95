using MeshGrains.Grains;
using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Silo;

/// <summary>
/// Looks after this silo's own row of the membership table. Orleans goes by the newest table it has seen and takes an older one for a late read;
/// so a table that was emptied, rolled back or edited would never be noticed, and old and new silos would each believe in a cluster of their own.
/// Whoever sees such a table ends with the code that asks for a new start, and all find each other again in the table that is there now.
/// While the table does not answer at all, nothing is done: members stay members, and the denials' lease decides on issuance.
/// </summary>
internal sealed class MembershipWatch(
    IMembershipTable table, IClusterMembershipService membership, ClusterView view, SiloNames names, SiloFate fate, ILocalSiloDetails local, ClusterInstruments instruments,
    TimeSpan interval, IRandomSource random, TimeProvider time)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!fate.IsRestarting)
            {
                await Task.Delay(interval * random.NextJitter(0.2), time, stoppingToken);
                await LookAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A stop is the ordinary end of the watch.
        }
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        try
        {
            if (await FaultAsync() is null)
            {
                instruments.Looked("ok");
                return;
            }

            // Asked once more: nothing ends on a single read.
            await Task.Delay(interval / 5, time, stoppingToken);
            if (await FaultAsync() is { } fault)
            {
                instruments.Looked("fault");
                fault();
            }
        }
        catch (Exception) when (!stoppingToken.IsCancellationRequested)
        {
            // The table is away; the view has noted it.
            instruments.Looked("unanswered");
        }
    }

    private async Task<Action?> FaultAsync()
    {
        // Taken before the read: a read that began earlier may end later. Other silos tell of versions that this one never read.
        var highest = Math.Max(view.HighestVersion, membership.CurrentSnapshot.Version.Value);
        var now = await table.ReadAll();
        if (now.TryGet(local.SiloAddress)?.Item1 is not { } own)
        {
            return () => fate.Restart("the membership table no longer holds this silo: it was emptied, or restored to an earlier state.");
        }

        if (own.Status == SiloStatus.Dead)
        {
            return () => fate.Restart("the membership table says that this silo is dead.");
        }

        if (now.Version.Version < highest)
        {
            return () => fate.Restart($"the membership table went back from version {highest} to {now.Version.Version}: it was restored to an earlier state.");
        }

        return await names.FindElderAsync(now) is { } elder
            ? () => fate.GiveUp($"another silo of this name runs at {elder.SiloAddress.Endpoint}; give this one a name of its own (key 'silo').")
            : null;
    }
}
