namespace MeshGrains.Bench;

/// <summary>
/// What being distributed costs: the same load on one silo and on three, on the same cores and the same stores, spread over the silos' own gateways. The two take turns; medians.
/// </summary>
internal static class ClusterBench
{
    private const string Name = "bench --cluster";
    private const double MostPrice = 0.15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public static async Task<int> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        if (ClusterNeeds.Missing() is { } missing)
        {
            return ClusterNeeds.TellSkipped(Name, missing, options.Json);
        }

        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        await using var cluster = await DrillCluster.StartAsync(
            scratch, new DrillPlan { Silos = 3, Gateway = false, VaultKeys = false, Server = options.Server }, cancellationToken);
        var tokens = cluster.Tokens.WriteTokens(EndToEndBench.Tokens);
        var runs = new List<(int Silos, LoadResult Load)>();
        var serials = new List<UInt128>();
        for (var round = 0; round < (options.Quick ? 2 : 4); round++)
        {
            // Who begins changes, so that a store that grows slows neither more.
            foreach (var silos in round % 2 == 0 ? new[] { 3, 1 } : [1, 3])
            {
                await cluster.Mesh.ScaleAsync(silos, cancellationToken);
                await cluster.UntilAllReadyAsync(Patience, cancellationToken);
                await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);
                var (load, received) = await MeasureAsync(cluster, tokens, runs.Count, options.Quick, cancellationToken);
                runs.Add((silos, load));
                serials.AddRange(received);
                Progress.Say($"{silos} silos: {load.PerSecond:0}/s, p50 {load.MedianMilliseconds:0} ms, p99 {load.P99Milliseconds:0} ms, CPU: silos {load.ServerCpuShare:0%}, load {load.LoadCpuShare:0%}, others {load.OthersCpuShare:0%}");
            }
        }

        await cluster.Mesh.ScaleAsync(3, cancellationToken);
        await cluster.UntilAllReadyAsync(Patience, cancellationToken);
        var audit = await LogAudit.RunAsync(cluster, serials, cancellationToken);
        var figures = new FigureSet();
        var (one, three) = (Of(1), Of(3));
        var (onePerSecond, threePerSecond) = (Median(one, run => run.PerSecond), Median(three, run => run.PerSecond));
        var price = 1 - (threePerSecond / onePerSecond);
        figures.Set("one_silo_per_s", onePerSecond, note: $"median of {one.Length} runs; {EndToEndBench.Connections} connections, {EndToEndBench.InFlight} calls under way, records durable in the log store");
        figures.Set("three_silos_per_s", threePerSecond, note: "the same load, spread over three silos on the same cores");
        figures.Set("price", price, 3, $"1 - three / one; to reach: under {MostPrice}");
        figures.Set("one_silo_spread", Statistics.Spread(one.Select(run => run.PerSecond)), 3, "(highest - lowest) / median");
        figures.Set("three_silos_spread", Statistics.Spread(three.Select(run => run.PerSecond)), 3);
        AddRuns(figures, "one_silo", one);
        AddRuns(figures, "three_silos", three);
        figures.Set("issued", (long)serials.Count);
        figures.Set("failed", runs.Sum(run => run.Load.Failed), runs.Select(run => run.Load.FirstFailure).FirstOrDefault(failure => failure is not null) ?? "");
        figures.Set("unrecorded", (long)audit.Unrecorded, "has to be 0");
        figures.Set("duplicate_serials", (long)audit.DuplicateSerials, "has to be 0");
        figures.Set("cores", (long)Environment.ProcessorCount);
        figures.Set("host", MeshTree.Host);
        figures.Set("skipped", (string?)null);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        if (audit.Unrecorded + audit.DuplicateSerials > 0 || runs.Any(run => run.Load.Failed > 0 || run.Load.Invalid > 0))
        {
            await Console.Error.WriteLineAsync($"{Name}: what was issued is not good.");
            return 1;
        }

        return 0;

        LoadResult[] Of(int silos) => [.. runs.Where(run => run.Silos == silos).Select(run => run.Load)];
    }

    private static void AddRuns(FigureSet figures, string name, LoadResult[] runs)
    {
        figures.Set($"{name}_p50_ms", Median(runs, run => run.MedianMilliseconds), 1);
        figures.Set($"{name}_p99_ms", Median(runs, run => run.P99Milliseconds), 1);
        figures.Set($"{name}_silos_cpu_us", Median(runs, run => run.ServerCpuSeconds / run.Issued * 1e6), 1, "CPU time of all silos for one issuance");
        figures.Set($"{name}_azurite_cpu_s", Median(runs, run => run.StoreCpuSeconds[0]), 2, $"in a run of {runs[0].Seconds:0} s");
        figures.Set($"{name}_redis_cpu_s", Median(runs, run => run.StoreCpuSeconds[1]), 2);
        figures.Set($"{name}_azurite_cpu_share", Median(runs, run => run.StoreCpuSeconds[0] / (run.Seconds * Environment.ProcessorCount)), 3, "of all the machine's CPU time");
        figures.Set($"{name}_load_cpu_share", Median(runs, run => run.LoadCpuShare), 3);
        figures.Set($"{name}_others_cpu_share", Median(runs, run => run.OthersCpuShare), 3, "of processes that are none of these");
    }

    private static double Median(LoadResult[] runs, Func<LoadResult, double> of) => Statistics.Median(runs.Select(of));

    private static async Task<(LoadResult Load, IReadOnlyList<UInt128> Serials)> MeasureAsync(
        DrillCluster cluster, string tokens, int run, bool quick, CancellationToken cancellationToken)
    {
        var silos = cluster.Mesh.Silos;
        string[] addresses = [.. silos.Select(silo => DrillCluster.Target(silo).Address.ToString())];
        int[] processes = [.. silos.Select(silo => silo.Process.Id!.Value)];
        var plan = new LoadPlan
        {
            Kind = LoadKind.Grpc,
            Address = addresses[0],
            MoreAddresses = addresses[1..],
            TrustFile = silos[0].BundlePem,
            TrustDomain = SiloSetup.TrustDomain,
            TokensFile = tokens,
            Connections = EndToEndBench.Connections,
            InFlight = EndToEndBench.InFlight / EndToEndBench.Connections,
            // Silos that have just started know no caller yet: what is measured is the price of being three, not of being new.
            WarmupSeconds = quick ? 6 : 25,
            Seconds = quick ? 5 : 12,
            ServerProcess = processes[0],
            MoreServerProcesses = processes[1..],
            StoreProcesses = [cluster.Mesh.Stores.AzuriteProcess!.Id!.Value, cluster.Mesh.Stores.RedisProcess!.Id!.Value],
            ResultFile = Path.Combine(cluster.Folder, $"run-{run}.json"),
            SerialsFile = Path.Combine(cluster.Folder, $"run-{run}.serials"),
        };
        var load = await LoadProcess.RunAsync(plan, cluster.Folder, cancellationToken);
        return (load, [.. EndToEndBench.ReadSerials(plan.SerialsFile)]);
    }
}
