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
    private const int Writers = 48;
    private const int MostServed = 2_000;
    private const int FirstAccount = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);

    public static async Task<int> RunAsync(BenchOptions options, int workloads, CancellationToken cancellationToken)
    {
        if (ClusterNeeds.Missing() is { } missing)
        {
            return ClusterNeeds.TellSkipped(Name, missing, options.Json);
        }

        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        await using var cluster = await DrillCluster.StartAsync(
            scratch, new DrillPlan { VaultKeys = false, BlobsInMemory = true, Server = options.Server }, cancellationToken);
        var silos = cluster.Mesh.Silos;

        // A silo is the size that it has after some work, not the size of a process that has not begun.
        await FleetLoad.RegisterAsync(cluster, Writers, 0, Math.Min(1000, workloads / 10), cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);
        var before = Megabytes(silos);
        var registered = Stopwatch.StartNew();
        var refused = await FleetLoad.RegisterAsync(cluster, Writers, FirstAccount, workloads, cancellationToken);
        registered.Stop();
        await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);
        var after = Megabytes(silos);
        Progress.Say($"{workloads} registered in {registered.Elapsed.TotalSeconds:0} s; the silos have {after:0} MB, {before:0} before");

        var served = Math.Min(workloads, MostServed);
        var serving = Stopwatch.StartNew();
        var failed = await FleetLoad.ServeAsync(cluster, FirstAccount, served, Math.Max(1, workloads / served), cancellationToken);
        serving.Stop();
        await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);
        var afterServing = Megabytes(silos);
        Progress.Say($"{served} workloads served in {serving.Elapsed.TotalSeconds:0} s; the silos have {afterServing:0} MB");

        var drained = await RestartAsync(cluster, silos[1], silo => silo.Process.DrainAsync(Patience), cancellationToken);
        var killed = await RestartAsync(cluster, silos[2], silo => silo.Process.KillAsync(), cancellationToken);
        var figures = new FigureSet();
        figures.Set("workloads", (long)workloads, "registration entries with selectors, one identity each");
        figures.Set("registrations_per_s", workloads / registered.Elapsed.TotalSeconds, 1, $"through the administration API of three silos, {Writers} at a time");
        figures.Set("registrations_refused", (long)refused, "has to be 0");
        figures.Set("rss_before_mb", before, 1, "of three silos together");
        figures.Set("rss_after_registration_mb", after, 1);
        figures.Set("bytes_per_registered_workload", Math.Max(0, after - before) * 1024 * 1024 / workloads, 0, "of all silos together");
        figures.Set("workloads_served", (long)served, "each got a certificate by its own registration");
        figures.Set("served_per_s", served / serving.Elapsed.TotalSeconds, 1, "each registration is read from the store once");
        figures.Set("served_failed", (long)failed, "has to be 0");
        figures.Set("rss_after_serving_mb", afterServing, 1);
        figures.Set("bytes_per_served_workload", Math.Max(0, afterServing - after) * 1024 * 1024 / served, 0, "more than before serving, of all silos together");
        figures.Set("restart_after_drain_s", drained.Ready, 2, "from the spawn to ready");
        figures.Set("restart_after_drain_first_cert_s", drained.FirstCertificate, 2, "from the spawn to a certificate of a registered workload from that silo");
        figures.Set("restart_after_kill_s", killed.Ready, 2);
        figures.Set("restart_after_kill_first_cert_s", killed.FirstCertificate, 2);
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

    private static double Megabytes(IEnumerable<ClusterMember> silos) => silos.Sum(silo => ProcessStat.ResidentMegabytes(silo.Process.Id!.Value));

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
