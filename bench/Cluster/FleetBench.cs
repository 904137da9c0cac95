using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>
/// A fleet of registered workloads on three silos: how fast they are registered, what memory each takes when it is registered and when it has been
/// served, and how soon a silo that is started again serves.
/// </summary>
internal static class FleetBench
{
    public const int DefaultWorkloads = 100_000;
    private const string Name = "bench --fleet";
    private const int Writers = 6;
    private const int MostServed = 2_000;
    private const int FirstAccount = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);

    public static async Task<int> RunAsync(BenchOptions options, FleetPlan plan, CancellationToken cancellationToken)
    {
        if (ClusterNeeds.Missing() is { } missing)
        {
            return ClusterNeeds.TellSkipped(Name, missing, options.Json);
        }

        var workloads = plan.Workloads;
        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        using var stand = plan.Store == FleetStore.Stand ? BlobStand.Start() : null;
        await using var cluster = await DrillCluster.StartAsync(
            scratch,
            new DrillPlan
            {
                VaultKeys = false, Gateway = false, BlobsInMemory = true, Server = options.Server,
                Tuning = (_, mesh) => stand is null ? MemberTuning.None : OnStand(stand, mesh),
            },
            cancellationToken);
        var silos = cluster.Mesh.Silos;
        var figures = new FigureSet();
        figures.Set("workloads", (long)workloads, "registration entries with selectors, one identity each");
        figures.Set("store", stand is null ? "azurite" : "stand", stand is null ? "in its memory" : "a stand-in for the blob service in the bench's own process; the log lies in Azurite");

        // A silo is the size that it has after some work, not the size of a process that has not begun.
        await FleetLoad.RegisterAsync(cluster, Writers, 0, Math.Min(1000, workloads / 10), cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);
        var before = await FleetUse.ReadAsync(cluster, stand, cancellationToken);
        var registered = Stopwatch.StartNew();
        var refused = await FleetLoad.RegisterAsync(cluster, Writers, FirstAccount, workloads, cancellationToken);
        registered.Stop();
        var worked = await FleetUse.ReadAsync(cluster, stand, cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);
        var after = await FleetUse.ReadAsync(cluster, stand, cancellationToken);
        Progress.Say($"{workloads} registered in {registered.Elapsed.TotalSeconds:0} s; the silos have {after.ResidentMb:0} MB, {before.ResidentMb:0} before");
        var siloCpu = worked.SiloCpu - before.SiloCpu;
        figures.Set("registrations_per_s", workloads / registered.Elapsed.TotalSeconds, 1, $"in batches of {FleetLoad.BatchSize} through the administration API of three silos, {Writers} batches at a time");
        figures.Set("registrations_refused", (long)refused, "has to be 0");
        figures.Set("silo_cpu_ms_per_registration", siloCpu * 1000 / workloads, 3, "of all silos together");
        figures.Set("registrations_per_silo_cpu_s", workloads / Math.Max(0.01, siloCpu), 0, "what one core of silos does");
        figures.Set("silo_cpu_share", siloCpu / (worked.MachineCpu - before.MachineCpu), 2, "of all that the machine's cores did meanwhile");
        figures.Set("azurite_cpu_s", worked.AzuriteCpu - before.AzuriteCpu, 1);
        figures.Set("bench_cpu_s", worked.OwnCpu - before.OwnCpu, 1, stand is null ? "load" : "load and stand");
        figures.Set("machine_cpu_s", worked.MachineCpu - before.MachineCpu, 1, "of all processes, others' too");
        figures.Set("store_requests_per_registration", stand is null ? null : (worked.Requests - before.Requests) / (double)workloads, 3);
        figures.Set("rss_before_mb", before.ResidentMb, 1, "of three silos together");
        figures.Set("rss_after_registration_mb", after.ResidentMb, 1);
        figures.Set("heap_before_mb", before.HeapMb, 1, "managed heap of three silos together, what is garbage included");
        figures.Set("heap_after_registration_mb", after.HeapMb, 1);
        figures.Set("bytes_per_registered_workload", Math.Max(0, after.ResidentMb - before.ResidentMb) * 1024 * 1024 / workloads, 0, "resident, of all silos together");

        // What was measured so far is kept, whatever becomes of the rest.
        figures.Save(options.Json);
        var served = Math.Min(workloads, MostServed);
        var serving = Stopwatch.StartNew();
        var failed = await FleetLoad.ServeAsync(cluster, FirstAccount, served, Math.Max(1, workloads / served), cancellationToken);
        serving.Stop();
        await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);
        var afterServing = await FleetUse.ReadAsync(cluster, stand, cancellationToken);
        Progress.Say($"{served} workloads served in {serving.Elapsed.TotalSeconds:0} s; the silos have {afterServing.ResidentMb:0} MB");
        figures.Set("workloads_served", (long)served, "each got a certificate by its own registration");
        figures.Set("served_per_s", served / serving.Elapsed.TotalSeconds, 1, "each registration is read from the store once");
        figures.Set("served_failed", (long)failed, "has to be 0");
        figures.Set("rss_after_serving_mb", afterServing.ResidentMb, 1);
        figures.Set("bytes_per_served_workload", Math.Max(0, afterServing.ResidentMb - after.ResidentMb) * 1024 * 1024 / served, 0, "more than before serving, of all silos together");
        figures.Save(options.Json);

        var drained = await RestartAsync(cluster, silos[1], silo => silo.Process.DrainAsync(Patience), cancellationToken);
        var killed = await RestartAsync(cluster, silos[2], silo => silo.Process.KillAsync(), cancellationToken);
        figures.Set("restart_after_drain_s", drained.Ready, 2, "from the spawn to ready");
        figures.Set("restart_after_drain_first_cert_s", drained.FirstCertificate, 2, "from the spawn to a certificate of a registered workload from that silo");
        figures.Set("restart_after_kill_s", killed.Ready, 2);
        figures.Set("restart_after_kill_first_cert_s", killed.FirstCertificate, 2);
        figures.Set("rss_of_restarted_silo_mb", ProcessStat.ResidentMegabytes(silos[2].Process.Id!.Value), 1);
        figures.Set("cores", (long)Environment.ProcessorCount);
        figures.Set("host", MeshTree.Host);
        figures.Set("skipped", (string?)null);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        if (refused + failed > 0)
        {
            await Console.Error.WriteLineAsync($"{Name}: {refused} registrations were refused, {failed} workloads not served.");
            return 1;
        }

        return 0;
    }

    /// <summary>State on the stand, the issuance log in the cluster's Azurite: two accounts, as is advised anyway.</summary>
    private static MemberTuning OnStand(BlobStand stand, MeshCluster mesh) => new()
    {
        Blob = new BlobAddress(stand.Endpoint, mesh.Folder.AccountKey),
        Flags = ["--set", $"storage.logBlobEndpoint={mesh.Stores.Blob.Endpoint}", "--set", $"storage.logAccountKeyFile={mesh.Folder.AccountKey}"],
    };

    private static async Task<(double Ready, double FirstCertificate)> RestartAsync(
        DrillCluster cluster, ClusterMember silo, Func<ClusterMember, Task> end, CancellationToken cancellationToken)
    {
        silo.Process.Held = true;
        await end(silo);
        await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);
        silo.Process.Held = false;
        while (silo.Process.Id is null)
        {
            await Task.Delay(5, cancellationToken);
        }

        var clock = Stopwatch.StartNew();
        await silo.UntilReadyAsync(Patience, cancellationToken);
        var ready = clock.Elapsed;
        var call = new Call(Hpack.Bearer(cluster.Tokens.Token(FirstAccount)), IstioMessages.Request(CertificateRequests.Make(1)[0]), 0);
        while (await SingleCall.TryAsync(DrillCluster.Target(silo), call, cancellationToken) is not { Status: CallOutcome.Ok })
        {
            if (clock.Elapsed > Patience)
            {
                throw new TimeoutException($"{silo.Name} gives no certificate {clock.Elapsed.TotalSeconds:0} s after its start.");
            }
        }

        Progress.Say($"{silo.Name} was ready {ready.TotalSeconds:0.0} s after its start and served after {clock.Elapsed.TotalSeconds:0.0} s");
        return (ready.TotalSeconds, clock.Elapsed.TotalSeconds);
    }
}
